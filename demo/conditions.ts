export interface WaitOptions {
  readonly signal: AbortSignal
  readonly limitMs?: number
}

/** Lets callers wait for something to become true, without polling. */
export interface Conditions {
  /** Says that something has changed: every condition is checked. */
  changed(): void
  /** Resolves with true as soon as the condition holds, with false when the time is over. Rejects when aborted. */
  holdsInTime(holds: () => boolean, options: WaitOptions): Promise<boolean>
  /** Resolves when the condition holds. Rejects when the time is over, with `what` in the message, and when aborted. */
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
      if (!(await holdsInTime(holds, options))) throw new Error(`timed out waiting until ${what}`)
    },
  }
}
