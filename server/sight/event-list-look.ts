import type { Db } from '../db/db.ts'
import { join, sql, type Sql } from '../db/sql.ts'
import { LookTooBroad, type Bounds } from './bounds.ts'
import { tooManySubscriptions } from './event-look.ts'
import { EVENT_COLUMNS, EVENT_JOINS, type EventRow } from './event-row.ts'
import { laneOf, scanOwner, scanSubject, scanTenant, type Period, type SeriesName } from './event-scans.ts'
import { sizeOfTargets } from './owner-size.ts'
import { pageOf, type Page, type Place, type PlacedRow } from './page.ts'
import type { Scope } from './scope.ts'

/** Of an event in a list. */
const MAX_COUNTED_NOTIFICATIONS = 100

/** All that are given must hold. */
export interface EventFilter extends Period {
  readonly subject: string | undefined
  /** Of this subject. */
  readonly series: SeriesName | undefined
  /** Sections; `*` for any. */
  readonly type: readonly [string, string, string] | undefined
}

export interface EventListRow extends EventRow {
  /** Null: it was not asked for. */
  readonly body: string | null
  /** Those within the scope, at most `MAX_COUNTED_NOTIFICATIONS`; null: none. */
  readonly notifications: readonly { readonly targetId: number; readonly state: NotificationState }[] | null
}

export type NotificationState = 'waiting' | 'delivered' | 'given_up' | 'cancelled'

export interface EventPageRequest {
  readonly filter: EventFilter
  /** Undefined: from the beginning. */
  readonly after: Place | undefined
  readonly isNewestFirst: boolean
  readonly limit: number
  readonly withBodies: boolean
}

/**
 * Returns the next events within the scope that fulfil the filter. Reads a bounded number of events of the scope, so a
 * page may be short, or empty, and still have a next one.
 */
export async function findEvents(
  db: Db,
  scope: Scope,
  request: EventPageRequest,
  bounds: Bounds,
): Promise<Page<EventListRow>> {
  const { limit, withBodies } = request
  const rows = await db.query<EventListRow & PlacedRow>(sql`
    with ${await scanFor(db, scope, request, bounds)},
    chosen as materialized (
      select event.partition, event.position, event.body_bytes, scanned.rank, scanned.place
      from scanned
      cross join lateral (
        select * from event
        where event.partition = scanned.partition and event.position = scanned.position
        limit 1) as event
      where ${join(conditions(scope, request.filter), ' and ')}
      order by scanned.rank
      limit ${limit + 1}),
    kept as materialized (
      select * from (
        select *, sum(body_bytes) over (order by rank) - body_bytes as bytes_before from chosen) as measured
      where ${withBodies ? sql`bytes_before < ${bounds.bodyBytes}` : sql`true`}),
    page_end as materialized (
      select case when (select count(*) from kept) < (select count(*) from chosen)
                  then (select place from kept order by rank desc limit 1)
                  else (select place from scan_end) end as place),
    found as (
      select kept.rank, kept.place, ${EVENT_COLUMNS}, ${withBodies ? sql`event.body` : sql`null::text`} as body,
             hits.notifications
      from kept
      cross join lateral (
        select * from event
        where event.partition = kept.partition and event.position = kept.position
        limit 1) as event
      ${EVENT_JOINS}
      cross join lateral (
        select json_agg(json_build_object('targetId', one.target_id, 'state', one.state) order by one.target_id)
                 as notifications
        from (${keysWithin(scope)} limit ${MAX_COUNTED_NOTIFICATIONS}) as key
        cross join lateral (
          select target_id, state from notification
          where notification.target_id = key.target_id and notification.lane_series = key.lane_series
            and notification.position = key.position
          limit 1) as one) as hits)
    select found.*, page_end.place as "scanEnd"
    from page_end left join found on true
    order by found.rank`)
  return pageOf(rows, limit)
}

async function scanFor(
  db: Db,
  scope: Scope,
  { filter, after, isNewestFirst }: EventPageRequest,
  bounds: Bounds,
): Promise<Sql> {
  const { subject, series } = filter
  if (scope.owner !== undefined) {
    const lane = series === undefined ? undefined : laneOf(scope, series)
    const ofOwner = { filter: { subscriptionUuid: undefined, targetId: undefined }, lane }
    const counts = lane === undefined ? 'notifications' : 'targets'
    const { hasManySubscriptions, hasManyNotifications } = await sizeOfTargets(
      db,
      scope,
      { ...ofOwner, counts },
      bounds,
    )
    if (hasManySubscriptions) throw tooManySubscriptions(bounds)
    if (hasManyNotifications)
      throw new LookTooBroad(
        lane === undefined
          ? `the owner has more than ${bounds.sorted} notifications; name a series (source, subject and seriesId), ` +
              'or list notifications'
          : `the series has more than ${bounds.notifications} targets of the owner; list notifications`,
      )
    return scanOwner(scope, lane, { after, isNewestFirst }, bounds)
  }
  return subject === undefined
    ? scanTenant(scope, filter, after, bounds.events)
    : scanSubject(scope, subject, { after, isNewestFirst, max: bounds.events })
}

/** Keys (target_id, lane_series, position) of the notifications of `event` within the scope. */
const keysWithin = ({ owner }: Scope): Sql =>
  owner === undefined
    ? sql`
          select target_id, lane_series, position from notification
          where notification.partition = event.partition and notification.position = event.position`
    : sql`
          select target_id, lane_series, position from keys
          where keys.position = event.position`

function conditions(scope: Scope, { subject, series, type, from, to }: EventFilter): Sql[] {
  const [service = '*', category = '*', detail = '*'] = type ?? []
  const section = (column: Sql, value: string) => (value === '*' ? [] : [sql`${column} = ${value}`])
  return [
    sql`event.tenant = ${scope.tenant} and event.kind = 'event'`,
    ...(subject === undefined ? [] : [sql`event.subject = ${subject}`]),
    ...(series === undefined ? [] : [sql`event.series_key = ${laneOf(scope, series)}`]),
    ...section(sql`event.type1`, service),
    ...section(sql`event.type2`, category),
    ...section(sql`event.type3`, detail),
    ...(from === undefined ? [] : [sql`event.received >= ${from}::timestamptz`]),
    ...(to === undefined ? [] : [sql`event.received < ${to}::timestamptz`]),
  ]
}
