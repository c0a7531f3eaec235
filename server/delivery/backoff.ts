/** A receiver cannot put itself to sleep for longer than this. */
const LONGEST_RETRY_AFTER_MS = 60 * 60_000
const JITTER = 0.2

export interface RetryDelayOptions {
  /** Attempts made so far, this one included (>= 1). */
  readonly attempts: number
  /** The wait after the first, second ... attempt; the last repeats. Not empty. */
  readonly delaysMs: readonly number[]
  /** What the receiver asked for with its 429 or 503. */
  readonly retryAfterMs?: number | undefined
  readonly random?: () => number
}

/**
 * Wait before the next attempt, in whole ms: the later of two moments.
 *
 * | moment      | jitter                                   |
 * |-------------|------------------------------------------|
 * | list        | +-20 %                                   |
 * | Retry-After | up to +20 %, never earlier, at most 1 h  |
 *
 * Retry-After is a least wait (RFC 9110 10.2.3). It never shortens the list's, or a receiver that always asks for
 * one second would be asked 90,000 times before its notification is given up.
 */
export function retryDelayMs({ attempts, delaysMs, retryAfterMs = 0, random = Math.random }: RetryDelayOptions): number {
  const listed = delaysMs[Math.min(Math.max(attempts, 1), delaysMs.length) - 1] ?? 0
  const asked = Math.min(Math.max(retryAfterMs, 0), LONGEST_RETRY_AFTER_MS)
  const jittered = listed * (1 - JITTER + 2 * JITTER * random())
  // Upwards only, so that the lanes of one receiver do not come back at the same tick, and none too early.
  const obeyed = Math.min(asked * (1 + JITTER * random()), LONGEST_RETRY_AFTER_MS)
  return Math.max(Math.round(jittered), Math.ceil(obeyed))
}
