import type { SeriesReport } from '@tidings/contract/sight.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { eventItem } from './event-list.ts'
import { findEvents, type EventListRow } from './event-list-look.ts'
import { notificationKeys } from './event-look.ts'
import { notificationRows, type NotificationRow } from './notification-look.ts'
import { notificationReport } from './notification-report.ts'
import { cursorText } from './page-cursor.ts'
import type { Scope } from './scope.ts'

/** Of the notifications of one event on a page. */
const MAX_OF_EVENT = 10
/** Of the lanes on a page whose first notification is looked for. */
const MAX_LANES = 100

export interface SeriesRequest {
  readonly source: string
  readonly subject: string
  readonly seriesId: string
  readonly after: number | undefined
  readonly limit: number
}

/** Returns a page of a series within the scope, oldest first, and what holds it up where it does not go on. */
export async function reportSeries(
  db: Db,
  scope: Scope,
  { source, subject, seriesId, after, limit }: SeriesRequest,
): Promise<SeriesReport> {
  const filter = { source, subject, seriesId, type: undefined, from: undefined, to: undefined }
  const { rows, next } = await findEvents(db, scope, { filter, after, isNewestFirst: false, limit })
  const notifications = rows.length === 0 ? [] : await readNotificationsOnPage(db, scope, rows)
  const held = notifications.filter(({ state }) => state === 'waiting')
  const lanes = new Map(held.map((row) => [row.targetId, row]))
  const firsts = lanes.size === 0 ? [] : await readFirsts(db, [...lanes.values()].slice(0, MAX_LANES))
  return {
    events: rows.map((row) => ({
      ...eventItem(row, scope),
      notifications: notifications
        .filter(({ position }) => position === row.position)
        .map(({ uuid, state, subscriptionUuid, addressKey }) => ({
          uuid,
          state,
          subscriptionUuid,
          targetId: addressKey,
        })),
    })),
    heldUpBy: firsts.map((row) => notificationReport(row, scope.reader)),
    cursor: next === null ? null : cursorText([next]),
  }
}

const readNotificationsOnPage = (db: Db, scope: Scope, rows: readonly EventListRow[]) =>
  db.query<NotificationRow>(
    notificationRows(sql`
      select of_event.*
      from unnest(${rows.map((row) => row.partition)}::smallint[], ${rows.map((row) => row.position)}::bigint[])
        as asked_events (partition, position)
      cross join lateral (
        select * from event
        where event.partition = asked_events.partition and event.position = asked_events.position
        limit 1) as event
      cross join lateral (${notificationKeys(scope)} limit ${MAX_OF_EVENT}) as of_event`),
  )

/** Returns the first of each lane that is not settled: what the others of the lane wait for. */
const readFirsts = (db: Db, lanes: readonly NotificationRow[]) =>
  db.query<NotificationRow>(
    notificationRows(sql`
      select asked_lanes.target_id, asked_lanes.lane_series, waiting.position
      from unnest(${lanes.map((row) => row.targetId)}::bigint[], ${lanes.map((row) => row.laneSeries)}::uuid[],
                  ${lanes.map((row) => row.partition)}::smallint[])
        as asked_lanes (target_id, lane_series, partition)
      left join lateral (
        select head_position from lane
        where lane.target_id = asked_lanes.target_id and lane.lane_series = asked_lanes.lane_series
        limit 1) as cold on true
      cross join lateral (
        select coalesce(cold.head_position, settled_below + 1) as from_position from partition_cursor
        where partition_cursor.partition = asked_lanes.partition
        limit 1) as bound
      cross join lateral (
        select position from notification
        where notification.target_id = asked_lanes.target_id and notification.lane_series = asked_lanes.lane_series
          and notification.position >= bound.from_position and notification.settled is null
        order by notification.position
        limit 1) as waiting`),
  )
