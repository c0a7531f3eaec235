import type { AttemptResult } from './send-result.ts'

/** What an attempt means for its notification. */
export type Outcome =
  | { readonly kind: 'delivered'; readonly httpStatus: number }
  | { readonly kind: 'retry'; readonly reason: string; readonly httpStatus?: number; readonly afterMs?: number }
  | { readonly kind: 'give_up'; readonly reason: string; readonly httpStatus?: number }

export interface OutcomeContext {
  /** Attempts made, this one included (>= 1). */
  readonly attempts: number
  readonly createdAgoMs: number
  readonly horizonMs: number
}

/** A notification that waited behind others past its horizon still gets this many attempts. */
const LEAST_ATTEMPTS = 3
const GONE = 410

/**
 * Judges an attempt that was made; `not_sent` and `aborted` are none, and the compiler refuses them here.
 *
 * | result                                                | outcome   | reason                |
 * |-------------------------------------------------------|-----------|-----------------------|
 * | 2xx                                                   | delivered |                       |
 * | 410                                                   | give_up   | gone                  |
 * | any other status                                      | retry     | http_<status>         |
 * | no answer: network, time-out, DNS, TLS, address guard | retry     | as of the result      |
 * | cannot be built                                       | give_up   | as of the result      |
 * | a retry past the horizon, with at least 3 attempts    | give_up   | horizon_passed        |
 */
export function outcomeOf(result: AttemptResult, context: OutcomeContext): Outcome {
  const outcome = firstView(result)
  if (outcome.kind !== 'retry' || !isPastHorizon(context)) return outcome
  return { kind: 'give_up', reason: 'horizon_passed', ...(outcome.httpStatus !== undefined && { httpStatus: outcome.httpStatus }) }
}

function firstView(result: AttemptResult): Outcome {
  switch (result.kind) {
    case 'answered':
      return ofStatus(result.httpStatus, result.retryAfterMs)
    case 'failed':
      return { kind: 'retry', reason: result.reason }
    case 'unbuildable':
      return { kind: 'give_up', reason: result.reason }
    default:
      return result satisfies never
  }
}

function ofStatus(httpStatus: number, afterMs: number | undefined): Outcome {
  if (httpStatus >= 200 && httpStatus <= 299) return { kind: 'delivered', httpStatus }
  if (httpStatus === GONE) return { kind: 'give_up', reason: 'gone', httpStatus }
  return { kind: 'retry', reason: `http_${httpStatus}`, httpStatus, ...(afterMs !== undefined && { afterMs }) }
}

const isPastHorizon = ({ attempts, createdAgoMs, horizonMs }: OutcomeContext) => createdAgoMs >= horizonMs && attempts >= LEAST_ATTEMPTS
