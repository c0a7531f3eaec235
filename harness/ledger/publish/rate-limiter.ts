import { setTimeout as delay } from 'node:timers/promises'

/** Spaces callers evenly, in the order in which they came. */
export interface RateLimiter {
  /** Resolves when it is the caller's turn. Rejects if aborted first. */
  acquire(signal: AbortSignal): Promise<void>
}

/** Creates a limiter. Unused capacity is not made up for later. */
export function createRateLimiter(perSecond: number, clock: () => number = () => performance.now()): RateLimiter {
  const betweenMs = 1000 / perSecond
  let nextMs = -Infinity
  return {
    async acquire(signal) {
      const now = clock()
      const mineMs = Math.max(now, nextMs)
      nextMs = mineMs + betweenMs
      if (mineMs > now) await delay(mineMs - now, undefined, { signal })
    },
  }
}
