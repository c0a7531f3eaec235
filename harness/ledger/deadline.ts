import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

export interface Deadline {
  /** Aborted after the time, or with the signal that was given. */
  readonly signal: AbortSignal
  /** It is not needed any more. */
  clear(): void
}

/** Not `AbortSignal.any`: Node 20 may collect the signals that it was made of, and then it never fires. */
export function startDeadline(ms: number, also: AbortSignal | undefined): Deadline {
  const passed = new AbortController()
  const cleared = new AbortController()
  setMaxListeners(0, passed.signal) // every publisher waits with it
  const pass = () => passed.abort()
  also?.addEventListener('abort', pass, { once: true })
  delay(ms, undefined, { signal: cleared.signal }).then(pass, () => undefined)
  return {
    signal: passed.signal,
    clear() {
      cleared.abort()
      also?.removeEventListener('abort', pass)
    },
  }
}
