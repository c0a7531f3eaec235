import { instantText } from '@tidings/contract/event-text.ts'
import type { Attempt, FirstInLane, NotificationReport } from '@tidings/contract/sight.ts'
import { explainSettled, explainWaiting } from './explanations.ts'
import type { AttemptRow, FirstRow, NotificationRow } from './notification-look.ts'
import { targetName } from './target-name.ts'
import { waitingFor } from './waiting-for.ts'

/** Returns what became of a notification, as this reader may see it. */
export function notificationReport(row: NotificationRow, reader: string | undefined): NotificationReport {
  const failed = (row.lastAttempts ?? []).map(failedAttempt)
  const isFirst = row.before === 0
  return {
    uuid: row.uuid,
    eventUuid: row.eventUuid,
    subscription: { uuid: row.subscriptionUuid, owner: row.owner, name: row.name },
    target: targetName(row, row.owner, reader),
    seriesSeqCount: row.number,
    state: row.state,
    ...stateOf(row, isFirst),
    created: instantText(row.created),
    settled: textOf(row.settled),
    attempts: row.state === 'waiting' ? (row.lastAttempts?.[0]?.number ?? 0) : row.attempts,
    httpStatus: row.httpStatus,
    nextTry: row.state === 'waiting' && isFirst ? textOf(row.due) : null,
    before: row.state === 'waiting' ? row.before : null,
    firstInLane: row.first === null ? null : firstInLane(row.first, row.due),
    lastAttempts: row.state === 'delivered' ? [success(row), ...failed] : failed,
  }
}

function stateOf(row: NotificationRow, isFirst: boolean): Pick<NotificationReport, 'reason' | 'explanation'> {
  if (row.state !== 'waiting') {
    const reason = row.state === 'given_up' ? (row.lastAttempts?.[0]?.reason ?? null) : null
    return { reason, explanation: explainSettled(row.state, reason) }
  }
  const reason = waitingFor({ ...row, isFirst })
  return { reason, explanation: explainWaiting(reason) }
}

const failedAttempt = ({ number, started, durationMs, httpStatus, reason }: AttemptRow): Attempt => ({
  number,
  started: instantText(started),
  durationMs,
  outcome: 'failed',
  httpStatus,
  reason,
})

/** When the attempt that succeeded began, and how long it took, is not stored. */
const success = ({ attempts, httpStatus }: NotificationRow): Attempt => ({
  number: attempts,
  started: null,
  durationMs: null,
  outcome: 'delivered',
  httpStatus,
  reason: null,
})

const firstInLane = (first: FirstRow, due: string | null): FirstInLane => ({
  uuid: first.uuid,
  eventUuid: first.eventUuid,
  seriesSeqCount: first.number,
  created: instantText(first.created),
  attempts: first.attempts ?? 0,
  lastFailure: first.lastFailure,
  nextTry: textOf(due),
})

const textOf = (instant: string | null) => (instant === null ? null : instantText(instant))
