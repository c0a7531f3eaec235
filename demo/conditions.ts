export interface WaitOptions {
  readonly signal: AbortSignal
  readonly limitMs?: number
}

/** Lets callers wait for something to become true, without asking again and again. */
export interface Conditions {
  /** Something has changed: every condition is asked. */
  changed(): void
  /** True as soon as the condition holds, false when the time is over. Rejects when the signal comes. */
  holdsInTime(holds: () => boolean, options: WaitOptions): Promise<boolean>
  /** The same, but rejects when the time is over; the message says what was waited for. */
  until(what: string, holds: () => boolean, options: WaitOptions): Promise<void>
}

const LIMIT_MS = 60_000

export function createConditions(): Conditions {
  const waiting = new Set<() => void>()

  function holdsInTime(holds: () => boolean, { signal, limitMs = LIMIT_MS }: WaitOptions): Promise<boolean> {
    const limit = AbortSignal.timeout(limitMs)
    return new Promise((resolve, reject) => {
      const end = () => {
        waiting.delete(check)
        for (const one of [signal, limit]) one.removeEventListener('abort', giveUp)
      }
      const giveUp = () => {
        end()
        if (signal.aborted) reject(new Error('stopped'))
        else resolve(false)
      }
      const check = () => {
        if (!holds()) return
        end()
        resolve(true)
      }
      waiting.add(check)
      for (const one of [signal, limit]) one.addEventListener('abort', giveUp)
      if (signal.aborted) giveUp()
      else check()
    })
  }

  return {
    changed() {
      for (const check of [...waiting]) check()
    },
    holdsInTime,
    async until(what, holds, options) {
      if (!(await holdsInTime(holds, options))) throw new Error(`waited in vain until ${what}`)
    },
  }
}
