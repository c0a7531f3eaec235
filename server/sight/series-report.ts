import type { SeriesEvent, NotificationReport } from '@tidings/contract/sight.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { BOUNDS, type Bounds } from './bounds.ts'
import { eventItem } from './event-list.ts'
import { findEvents, type EventListRow } from './event-list-look.ts'
import type { SeriesName } from './event-scans.ts'
import { notificationRows, readNotifications, type NotificationRow } from './notification-look.ts'
import { notificationReport } from './notification-report.ts'
import type { Page, Place } from './page.ts'
import type { Scope } from './scope.ts'

/** Of the notifications of one event on a page. */
const MAX_OF_EVENT = 10
/** Of the lanes on a page whose first notification is looked for. */
const MAX_LANES = 100

export interface SeriesRequest {
  readonly series: SeriesName
  readonly after: Place | undefined
  readonly limit: number
}

export interface SeriesPage extends Page<SeriesEvent> {
  /** Of each lane on the page that does not go on: what goes first. */
  readonly heldUpBy: readonly NotificationReport[]
}

/** Returns a page of a series within the scope, oldest first, and what holds it up where it does not go on. */
export async function reportSeries(
  db: Db,
  scope: Scope,
  { series, after, limit }: SeriesRequest,
  bounds: Bounds = BOUNDS,
): Promise<SeriesPage> {
  const filter = { subject: series.subject, series, type: undefined, from: undefined, to: undefined }
  const { rows, next } = await findEvents(
    db,
    scope,
    { filter, after, isNewestFirst: false, limit, withBodies: false },
    bounds,
  )
  const notifications = rows.length === 0 ? [] : await readNotificationsOnPage(db, rows)
  const lanes = new Map(notifications.filter(({ state }) => state === 'waiting').map((row) => [row.targetId, row]))
  const firsts = lanes.size === 0 ? [] : await readFirsts(db, [...lanes.values()].slice(0, MAX_LANES))
  return {
    rows: rows.map((row) => ({
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
    next,
    heldUpBy: firsts.map((row) => notificationReport(row, scope.reader)),
  }
}

function readNotificationsOnPage(db: Db, rows: readonly EventListRow[]): Promise<NotificationRow[]> {
  const keys = rows.flatMap(({ laneSeries, position, notifications }) =>
    (notifications ?? []).slice(0, MAX_OF_EVENT).map(({ targetId }) => ({ targetId, laneSeries, position })),
  )
  return readNotifications(db, keys)
}

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
