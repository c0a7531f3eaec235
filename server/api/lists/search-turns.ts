/** Of the connections for searches, in the hands of one caller. */
const AT_ONCE = 2

/** Lets a caller search only so often at the same moment; further searches of his wait for their turn, those of others do not. */
export interface SearchTurns {
  take<T>(caller: string, search: () => Promise<T>): Promise<T>
}

export function createSearchTurns(atOnce = AT_ONCE): SearchTurns {
  /** Callers that search, how many searches run, and who waits for one to end. */
  const callers = new Map<string, { running: number; readonly waiting: (() => void)[] }>()

  function begin(caller: string): Promise<void> | undefined {
    const known = callers.get(caller)
    if (!known) callers.set(caller, { running: 1, waiting: [] })
    else if (known.running < atOnce) known.running += 1
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
    async take(caller, search) {
      await begin(caller)
      try {
        return await search()
      } finally {
        end(caller)
      }
    },
  }
}
