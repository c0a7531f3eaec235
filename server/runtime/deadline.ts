import { clearTimeout, setTimeout } from 'node:timers'

/**
 * Calls `onPassed` once after `ms` (above 0, below 2^31), unless the returned function is called first. `onPassed` must
 * not throw. The process stays alive for it.
 */
export function startDeadline(ms: number, onPassed: () => void): () => void {
  // Not AbortSignal.timeout: it cannot be cancelled, and 5,000 sends a second, each
  // with a limit of 30 s, would leave 150,000 of them behind.
  const timer = setTimeout(onPassed, ms)
  return () => clearTimeout(timer)
}
