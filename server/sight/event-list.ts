import type { EventList } from '@tidings/contract/sight.ts'
import { instantText } from '@tidings/contract/event-text.ts'
import type { Db } from '../db/db.ts'
import { findEvents, type EventListRow, type EventPageRequest } from './event-list-look.ts'
import { cursorText } from './page-cursor.ts'
import type { Scope } from './scope.ts'
import { storedEvent } from './stored-event.ts'

/** Returns a page of events within the scope. */
export async function listEvents(db: Db, scope: Scope, request: EventPageRequest): Promise<EventList> {
  const { rows, next } = await findEvents(db, scope, request)
  const { source, seriesId } = request.filter
  return {
    events: rows
      .map((row) => eventItem(row, scope))
      .filter(
        ({ event }) =>
          (source === undefined || event.source === source) && (seriesId === undefined || event.seriesId === seriesId),
      ),
    cursor: next === null ? null : cursorText([next]),
  }
}

export const eventItem = (row: EventListRow, scope: Scope): EventList['events'][number] => ({
  event: storedEvent(row, scope),
  state: row.parkedFor !== null ? 'parked' : row.isPassed ? 'dispatched' : 'stored',
  dispatched: row.dispatched === null ? null : instantText(row.dispatched),
  waiting: row.waiting,
  delivered: row.delivered,
  givenUp: row.givenUp,
  cancelled: row.cancelled,
})
