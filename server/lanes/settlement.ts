import type { LaneKey } from './lane.ts'

/** What the end of an attempt means for the head of a lane. */
export interface Settlement extends LaneKey {
  readonly partition: number
  readonly position: number
  /** Attempts made, this one included. */
  readonly attempts: number
  readonly kind: 'delivered' | 'given_up' | 'retry' | 'cancelled'
  readonly httpStatus: number | null
  /** Why the attempt failed; null when it did not. */
  readonly reason: string | null
  /** For the log, if `reason` is `horizon_passed`: what went wrong at the last attempt. */
  readonly lastFailure?: string
  readonly durationMs: number
  /** Wait before the next attempt. */
  readonly delayMs: number
  /** Of this wait, what the receiver has asked for: for so long a success of another lane does not shorten it. */
  readonly askedMs: number
}

/** A settlement for good: there is no further attempt. */
export interface FinalSettlement extends Settlement {
  readonly kind: 'delivered' | 'given_up' | 'cancelled'
}

export const isFinal = (settlement: Settlement): settlement is FinalSettlement => settlement.kind !== 'retry'
