import { setTimeout as delay } from 'node:timers/promises'

/** Lets so many through in a second, evenly, in the order in which they came. */
export interface Pace {
  /** Resolves at one's turn. Rejects when aborted before. */
  turn(signal: AbortSignal): Promise<void>
}

/** What was not used for a while is not caught up on. */
export function createPace(perSecond: number, clock: () => number = () => performance.now()): Pace {
  const betweenMs = 1000 / perSecond
  let nextMs = -Infinity
  return {
    async turn(signal) {
      const now = clock()
      const mineMs = Math.max(now, nextMs)
      nextMs = mineMs + betweenMs
      if (mineMs > now) await delay(mineMs - now, undefined, { signal })
    },
  }
}
