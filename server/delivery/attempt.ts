import { instantText, withNumber } from '@tidings/contract/event-text.ts'
import { retryDelayMs } from './backoff.ts'
import type { ClaimedHead, Head } from './lane.ts'
import { notificationText } from './notification-text.ts'
import { outcomeOf } from './outcome.ts'
import type { AttemptResult } from './send-result.ts'
import type { Settlement } from './settle-store.ts'

export interface RetryPolicy {
  readonly delaysMs: readonly number[]
  readonly horizonMs: number
}

/** The body of a head: the same bytes at every attempt, for everything in it is stored. */
export const bodyOf = (head: ClaimedHead) => notificationText({
  uuid: head.uuid,
  tenant: head.tenant,
  subscriptionName: head.subscriptionName,
  eventUuid: head.eventUuid,
  eventText: withNumber(head.eventText, head.seqOffset, head.number),
  deliveryMethod: head.method,
  deliveryAddress: head.address,
  created: instantText(head.created),
})

/** What an attempt means for its lane. */
export function settlementOf(head: Head, result: AttemptResult, { delaysMs, horizonMs }: RetryPolicy): Settlement {
  const attempts = head.attempts + 1
  const outcome = outcomeOf(result, { attempts, createdAgoMs: head.ageMs, horizonMs })
  const common = {
    targetId: head.targetId,
    laneSeries: head.laneSeries,
    partition: head.partition,
    position: head.position,
    attempts,
    httpStatus: outcome.httpStatus ?? null,
    durationMs: result.kind === 'unbuildable' ? 0 : result.durationMs,
    delayMs: 0,
  }
  switch (outcome.kind) {
    case 'delivered': return { ...common, kind: 'delivered', reason: null }
    case 'give_up': return { ...common, kind: 'given_up', reason: outcome.reason, ...(outcome.lastFailure !== undefined && { lastFailure: outcome.lastFailure }) }
    case 'retry': return { ...common, kind: 'retry', reason: outcome.reason, delayMs: retryDelayMs({ attempts, delaysMs, retryAfterMs: outcome.afterMs }) }
    default: return outcome satisfies never
  }
}
