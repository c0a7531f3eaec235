import { instantText } from '@tidings/contract/event-text.ts'
import type { EventReport, NotMatched } from '@tidings/contract/sight.ts'
import type { Db } from '../db/db.ts'
import { BOUNDS, type Bounds } from './bounds.ts'
import { findEvent, type FoundEvent } from './event-look.ts'
import type { EventRow } from './event-row.ts'
import { explainNotMatched } from './explanations.ts'
import { readNotifications } from './notification-look.ts'
import { notificationReport } from './notification-report.ts'
import { readNotMatched, type NotMatchedRow } from './not-matched-look.ts'
import type { Scope } from './scope.ts'
import { storedEvent } from './stored-event.ts'
import { whyNot, whyNotNotified, type EventToMatch } from './why-not.ts'

/** Of the notifications, and of the subscriptions that did not match. */
export const MAX_REPORTED = 100

export interface ReportRequest {
  readonly uuid: string
  /** Of a subscription that did not match; its owner is `ownerOfName`. Undefined: those that nearly matched. */
  readonly name: string | undefined
  readonly ownerOfName: string
}

/** Returns what is known about an event within the scope; undefined: for this scope there is no such event. */
export async function reportEvent(
  db: Db,
  scope: Scope,
  { uuid, name, ownerOfName }: ReportRequest,
  bounds: Bounds = BOUNDS,
): Promise<EventReport | undefined> {
  const row = await findEvent(db, scope, { uuid, maxTargetIds: MAX_REPORTED + 1 }, bounds)
  if (row === undefined) return undefined
  const { laneSeries, position } = row
  const targetIds = row.targetIds ?? []
  const [notifications, notMatched] = await Promise.all([
    readNotifications(
      db,
      targetIds.slice(0, MAX_REPORTED).map((targetId) => ({ targetId, laneSeries, position })),
    ),
    readNotMatched(db, name === undefined ? scope : { ...scope, owner: ownerOfName }, row, {
      name,
      limit: MAX_REPORTED,
    }),
  ])
  const event = eventToMatch(row)
  return {
    event: storedEvent(row, scope),
    ...stateOf(row),
    dispatched: row.dispatched === null ? null : instantText(row.dispatched),
    before: row.isPassed ? null : row.before,
    notifications: notifications.map((one) => notificationReport(one, scope.reader)),
    hasMoreNotifications: targetIds.length > MAX_REPORTED,
    notMatched: notMatched.rows.flatMap((one) => notMatchedOf(one, event, row)),
    hasMoreNotMatched: notMatched.hasMore,
  }
}

const eventToMatch = ({ tenant, type1, type2, type3, subject, received }: EventRow): EventToMatch => ({
  tenant,
  type: [type1 ?? '', type2 ?? '', type3 ?? ''],
  subject,
  received,
})

function stateOf({
  isPassed,
  isSpreading,
  parkedFor,
  isOwned,
}: FoundEvent): Pick<EventReport, 'state' | 'reason' | 'explanation'> {
  if (parkedFor !== null)
    return {
      state: 'parked',
      reason: parkedFor,
      explanation: 'It could not be dispatched and was put aside; an operator can have it dispatched again.',
    }
  if (isSpreading)
    return {
      state: 'dispatched',
      reason: 'spreading',
      explanation: 'It was compared with the subscriptions; its matches are many, and some have no notification yet.',
    }
  if (isPassed)
    return {
      state: 'dispatched',
      reason: null,
      explanation: 'It was compared with the subscriptions; each match has a notification.',
    }
  return isOwned
    ? { state: 'stored', reason: 'queued', explanation: 'It is stored; the records before it are dispatched first.' }
    : {
        state: 'stored',
        reason: 'no_dispatcher',
        explanation: 'It is stored, and waits for a dispatcher: none works its partition at the moment.',
      }
}

/** Of an event that is not dispatched, only those that would not match as they are now. */
function notMatchedOf(
  row: NotMatchedRow,
  event: EventToMatch,
  { isPassed, isSpreading, parkedFor, dispatched, now }: EventRow,
): NotMatched[] {
  if (parkedFor !== null) return [] // it was compared with nothing
  const { reasons, version } = isPassed
    ? whyNotNotified(event, row, row, dispatched)
    : { reasons: whyNot(event, row, row.current, now), version: row.current }
  // What nothing speaks against may be a match that has no notification yet.
  if (reasons.length === 0 || (isSpreading && reasons.includes('not_known'))) return []
  const { type, subjectFilter } = version ?? row.current
  return [
    {
      subscription: { uuid: row.uuid, owner: row.owner, name: row.name },
      typeFilter: type.join('.'),
      subjectFilter,
      reasons: [...reasons],
      explanation: explainNotMatched(reasons, event, version),
    },
  ]
}
