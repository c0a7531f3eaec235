import type { EventItem } from '@tidings/contract/sight.ts'
import { instantText } from '@tidings/contract/event-text.ts'
import type { Db } from '../db/db.ts'
import { BOUNDS, type Bounds } from './bounds.ts'
import { findEvents, type EventListRow, type EventPageRequest, type NotificationState } from './event-list-look.ts'
import type { Page } from './page.ts'
import type { Scope } from './scope.ts'
import { storedEvent } from './stored-event.ts'

/** Returns a page of events within the scope. */
export async function listEvents(
  db: Db,
  scope: Scope,
  request: EventPageRequest,
  bounds: Bounds = BOUNDS,
): Promise<Page<EventItem>> {
  const { rows, next } = await findEvents(db, scope, request, bounds)
  return { rows: rows.map((row) => eventItem(row, scope)), next }
}

export function eventItem(row: EventListRow, scope: Scope): EventItem {
  const count = (state: NotificationState) => (row.notifications ?? []).filter((one) => one.state === state).length
  return {
    uuid: row.uuid,
    tenant: row.tenant,
    type: [row.type1, row.type2, row.type3].join('.'),
    subject: row.subject,
    seriesSeqCount: row.number,
    received: instantText(row.received),
    bodyBytes: row.bodyBytes,
    event: row.body === null ? null : storedEvent({ ...row, body: row.body }, scope),
    state: row.parkedFor !== null ? 'parked' : row.isPassed ? 'dispatched' : 'stored',
    dispatched: row.dispatched === null ? null : instantText(row.dispatched),
    waiting: count('waiting'),
    delivered: count('delivered'),
    givenUp: count('given_up'),
    cancelled: count('cancelled'),
  }
}
