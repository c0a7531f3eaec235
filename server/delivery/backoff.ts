import { required } from '../runtime/required.ts'

/** Cap of Retry-After: a receiver cannot postpone its own deliveries for longer than this. */
const MAX_RETRY_AFTER_MS = 60 * 60_000
const JITTER = 0.2

export interface RetryDelayOptions {
  /** Attempts made so far, this one included (>= 1). */
  readonly attempts: number
  /** The wait after the first, second ... attempt; the last repeats. Not empty. */
  readonly delaysMs: readonly number[]
  /** The wait that the receiver asked for with its 429 or 503. */
  readonly retryAfterMs?: number | undefined
  readonly random?: () => number
}

/** Returns how much of a Retry-After is obeyed, in ms; 0 for none. */
export const obeyedMs = (retryAfterMs = 0): number => Math.min(Math.max(retryAfterMs, 0), MAX_RETRY_AFTER_MS)

/**
 * Returns the wait before the next attempt, in whole ms: the later of two times.
 *
 * | time        | jitter                                   |
 * |-------------|------------------------------------------|
 * | list        | +-20 %                                   |
 * | Retry-After | up to +20 %, never earlier, at most 1 h  |
 *
 * Retry-After is a minimum wait (RFC 9110 10.2.3). It never shortens the listed one, or a receiver that always asks for
 * one second would get 90,000 attempts before its notification is given up.
 */
export function retryDelayMs({
  attempts,
  delaysMs,
  retryAfterMs = 0,
  random = Math.random,
}: RetryDelayOptions): number {
  const listed = required(delaysMs[Math.min(Math.max(attempts, 1), delaysMs.length) - 1], 'a delay in the list')
  const asked = obeyedMs(retryAfterMs)
  const jittered = listed * (1 - JITTER + 2 * JITTER * random())
  // Upwards only: the lanes of one receiver do not all come back at the same moment, and none comes too early.
  const obeyed = Math.min(asked * (1 + JITTER * random()), MAX_RETRY_AFTER_MS)
  return Math.max(Math.round(jittered), Math.ceil(obeyed))
}
