import { clearTimeout, setTimeout } from 'node:timers'

/** Calls `onPassed` once after `ms`, unless the returned function is called first. */
export function startDeadline(ms: number, onPassed: () => void): () => void {
  // Not AbortSignal.timeout: it cannot be cancelled, and 5,000 sends a second would leave 150,000 of them behind.
  const timer = setTimeout(onPassed, ms)
  return () => clearTimeout(timer)
}
