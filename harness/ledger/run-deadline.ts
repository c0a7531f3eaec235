import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

export interface RunDeadline {
  /** Aborted after the time, or together with the given signal. */
  readonly signal: AbortSignal
  /** Stops the timer. */
  clear(): void
}

/** Not `AbortSignal.any`: Node.js 20 may garbage-collect its source signals, and then it is never aborted. */
export function startRunDeadline(ms: number, also: AbortSignal | undefined): RunDeadline {
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
