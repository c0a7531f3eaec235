/** Searches that one caller may run at the same moment: each takes a connection. */
const MAX_CONCURRENT = 2

/** Limits the concurrent searches of each caller; further ones of the same caller wait, those of others do not. */
export interface SearchLimiter {
  run<T>(caller: string, search: () => Promise<T>): Promise<T>
}

export function createSearchLimiter(maxConcurrent = MAX_CONCURRENT): SearchLimiter {
  /** The callers with searches: how many run, and which wait for one to end. */
  const callers = new Map<string, { running: number; readonly waiting: (() => void)[] }>()

  function begin(caller: string): Promise<void> | undefined {
    const known = callers.get(caller)
    if (!known) callers.set(caller, { running: 1, waiting: [] })
    else if (known.running < maxConcurrent) known.running += 1
    else return new Promise((resolve) => known.waiting.push(resolve))
    return undefined
  }

  function end(caller: string): void {
    const known = callers.get(caller)
    const next = known?.waiting.shift()
    if (!known || next) next?.()
    else if (known.running === 1) callers.delete(caller)
    else known.running -= 1
  }

  return {
    async run(caller, search) {
      await begin(caller)
      try {
        return await search()
      } finally {
        end(caller)
      }
    },
  }
}
