import { instantText, withSeqCount } from '@tidings/contract/event-text.ts'
import { required } from '../runtime/required.ts'
import { obeyedMs, retryDelayMs } from './backoff.ts'
import type { DeliveryMethod, LaneKey } from '../lanes/lane.ts'
import type { EventText, Lane } from '../lanes/lane-model.ts'
import { notificationText } from './notification-text.ts'
import { outcomeOf } from './outcome.ts'
import type { AttemptResult } from './send-result.ts'
import type { Settlement } from '../lanes/settlement.ts'

export interface RetryPolicy {
  readonly delaysMs: readonly number[]
  readonly horizonMs: number
}

/** The head of a lane, at one attempt. */
export interface Head extends LaneKey {
  readonly partition: number
  readonly position: number
  /** Failed attempts so far. */
  readonly attempts: number
  readonly uuid: string
  readonly number: number
  /** ISO instant with microseconds. */
  readonly created: string
  /** Since `created`. */
  readonly ageMs: number
  readonly method: DeliveryMethod
  readonly address: string
  readonly addressKey: string
  readonly subscriptionName: string
  readonly tenant: string
  readonly eventUuid: string
}

/** Returns the head of a lane. `now`: monotonic ms. Pure. */
export function headOf(
  { targetId, laneSeries, home, target, attempts, queue }: Lane,
  text: EventText,
  now: number,
): Head {
  const waiting = required(queue[0], 'the head of a lane that is sent')
  return {
    targetId,
    laneSeries,
    partition: home.partition,
    position: waiting.position,
    attempts,
    uuid: waiting.uuid,
    number: waiting.number,
    created: waiting.created,
    ageMs: Math.max(0, now - waiting.createdAt),
    method: target.method,
    address: target.address,
    addressKey: target.addressKey,
    subscriptionName: target.subscriptionName,
    tenant: target.tenant,
    eventUuid: text.uuid,
  }
}

/** Returns the body of a head: the same bytes at every attempt, because everything in it is stored. Pure. */
export const bodyOf = (head: Head, { body, seqOffset }: EventText) =>
  notificationText({
    uuid: head.uuid,
    tenant: head.tenant,
    subscriptionName: head.subscriptionName,
    eventUuid: head.eventUuid,
    eventText: withSeqCount(body, seqOffset, head.number),
    deliveryMethod: head.method,
    deliveryAddress: head.address,
    created: instantText(head.created),
  })

/** Returns what an attempt means for its lane. Pure, except for the jitter of the retry delay. */
export function settlementOf(
  head: Head,
  result: AttemptResult,
  { delaysMs, horizonMs }: RetryPolicy,
  random: () => number = Math.random,
): Settlement {
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
    askedMs: 0,
  }
  switch (outcome.kind) {
    case 'delivered':
      return { ...common, kind: 'delivered', reason: null }
    case 'give_up':
      return {
        ...common,
        kind: 'given_up',
        reason: outcome.reason,
        ...(outcome.lastFailure !== undefined && { lastFailure: outcome.lastFailure }),
      }
    case 'retry':
      return {
        ...common,
        kind: 'retry',
        reason: outcome.reason,
        delayMs: retryDelayMs({ attempts, delaysMs, retryAfterMs: outcome.afterMs, random }),
        askedMs: obeyedMs(outcome.afterMs),
      }
    default:
      return outcome satisfies never
  }
}
