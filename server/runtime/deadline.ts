import { clearTimeout, setTimeout } from 'node:timers'

/** Calls `onPassed` once after `ms`, unless the function that it returns is called before. */
export function startDeadline(ms: number, onPassed: () => void): () => void {
  // Not AbortSignal.timeout: that one cannot be cancelled, and 5,000 sends a second would leave 150,000 of them behind.
  const timer = setTimeout(onPassed, ms)
  return () => clearTimeout(timer)
}

/** Whether this resolves in time. Rejects as it does. */
export function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = startDeadline(ms, () => resolve(false))
    promise.then(() => resolve(true), reject).finally(cancel)
  })
}
