import type { Db } from '../db/db.ts'
import { hashKey } from '../db/hash-key.ts'
import { join, sql, type Sql } from '../db/sql.ts'
import { EVENT_COLUMNS, EVENT_JOINS, notificationKeys, type EventRow } from './event-look.ts'
import type { Scope } from './scope.ts'

/** Events of one subject that a page reads at most. */
const MAX_OF_SUBJECT = 1000
/** Events of each partition that a page reads at most. */
const MAX_OF_PARTITION = 150
/** Positions follow the times at which events were received, but for this. */
const DISORDER = '10 minutes'

/** All that are given must hold. */
export interface EventFilter {
  readonly subject: string | undefined
  readonly source: string | undefined
  readonly seriesId: string | undefined
  /** Sections; `*` for any. */
  readonly type: readonly [string, string, string] | undefined
  /** ISO instants; from (inclusive), to (exclusive). */
  readonly from: string | undefined
  readonly to: string | undefined
}

export interface EventListRow extends Omit<EventRow, 'before'> {
  /** Of the notifications within the scope, counted up to 100 in all. */
  readonly waiting: number
  readonly delivered: number
  readonly givenUp: number
  readonly cancelled: number
}

export interface EventPage {
  readonly rows: readonly EventListRow[]
  /** The position behind which the next page begins; null: there is none. */
  readonly next: number | null
}

export interface EventPageRequest {
  readonly filter: EventFilter
  /** A position; undefined: from the beginning. */
  readonly after: number | undefined
  readonly isNewestFirst: boolean
  readonly limit: number
}

/**
 * Returns the next events within the scope that fulfil the filter. Reads a bounded number of rows, so a page may be
 * short, or empty, and still have a next one. `source` and `seriesId` count only together with each other and a
 * subject; alone they are for the caller to compare.
 */
export async function findEvents(db: Db, scope: Scope, request: EventPageRequest): Promise<EventPage> {
  const { filter, isNewestFirst, limit } = request
  const order = isNewestFirst ? sql`desc` : sql`asc`
  const scan = filter.subject === undefined ? ofPartitions(request) : ofSubject(scope.tenant, filter.subject, request)
  const rows = await db.query<
    Omit<EventListRow, 'uuid'> & { readonly uuid: string | null; readonly scanEnd: number | null }
  >(sql`
    with ${scan},
    chosen as materialized (
      select event.partition, event.position
      from scanned
      cross join lateral (
        select * from event
        where event.partition = scanned.partition and event.position = scanned.position
        limit 1) as event
      where ${join(conditions(scope, filter), ' and ')}
      order by event.position ${order}
      limit ${limit + 1}),
    matching as (
      select ${EVENT_COLUMNS}, ${COUNTS}
      from chosen
      cross join lateral (
        select * from event
        where event.partition = chosen.partition and event.position = chosen.position
        limit 1) as event
      ${EVENT_JOINS}
      cross join lateral (
        select
          count(*) filter (where state = 'waiting')::integer as waiting,
          count(*) filter (where state = 'delivered')::integer as delivered,
          count(*) filter (where state = 'given_up')::integer as given_up,
          count(*) filter (where state = 'cancelled')::integer as cancelled
        from (${notificationKeys(scope)} limit 100) as key
        cross join lateral (
          select state from notification
          where notification.target_id = key.target_id and notification.lane_series = key.lane_series
            and notification.position = key.position
          limit 1) as one) as counted)
    select matching.*, scan_end.position as "scanEnd"
    from scan_end left join matching on true
    order by matching.position ${order}`)
  const found = rows.flatMap(({ uuid, scanEnd, ...row }) => (uuid === null ? [] : [{ ...row, uuid }]))
  const shown = found.slice(0, limit)
  const next = found.length > limit ? (shown.at(-1)?.position ?? null) : (rows[0]?.scanEnd ?? null)
  return { rows: shown, next }
}

const COUNTS = sql`counted.waiting, counted.delivered, counted.given_up as "givenUp", counted.cancelled`

/** `scanned` (partition, position), and `scan_end`, one row: the position up to which it is complete, null: all. */
function ofSubject(tenant: string, subject: string, { after, isNewestFirst }: EventPageRequest): Sql {
  const behind = isNewestFirst
    ? sql`event.position < ${after ?? Number.MAX_SAFE_INTEGER} order by position desc`
    : sql`event.position > ${after ?? 0} order by position asc`
  return sql`
    scanned as materialized (
      select partition, position from event
      where event.subject is not null and hashtextextended(event.subject, hashtextextended(event.tenant, 0))
          = hashtextextended(${subject}::text, hashtextextended(${tenant}::text, 0))
        and ${behind}
      limit ${MAX_OF_SUBJECT}),
    scan_end as materialized (
      select case when count(*) = ${MAX_OF_SUBJECT}
                  then ${isNewestFirst ? sql`min(position)` : sql`max(position)`} end as position
      from scanned)`
}

/**
 * The newest of every partition. Complete down to the highest position at which a partition was cut off; what is below
 * comes with the next page.
 */
function ofPartitions({ after, filter: { from, to } }: EventPageRequest): Sql {
  const start = after === undefined ? startAt(to) : sql`select ${after}::bigint as position`
  return sql`
    start as materialized (${start}),
    read as materialized (
      select ids.id as partition, newest.position, newest.received
      from (select partition as id from partition_cursor) as ids
      cross join start
      cross join lateral (
        select position, received from event
        where event.partition = ids.id and event.position < start.position
        order by event.position desc
        limit ${MAX_OF_PARTITION}) as newest),
    scan_end as materialized (
      select max(lowest) as position
      from (
        select min(position) as lowest from read
        group by partition
        having count(*) = ${MAX_OF_PARTITION}
          and (${from ?? null}::timestamptz is null
               or min(received) >= ${from ?? null}::timestamptz - ${DISORDER}::interval)) as cut),
    scanned as materialized (
      select partition, position from read
      where position >= coalesce((select position from scan_end), 0))`
}

/** A position above all events that were received before `to`, found by halving in the partition of the newest one. */
const startAt = (to: string | undefined): Sql =>
  to === undefined
    ? sql`select ${Number.MAX_SAFE_INTEGER}::bigint as position`
    : sql`
      with recursive newest as materialized (
        select ids.id, last.position
        from (select partition as id from partition_cursor) as ids
        cross join lateral (
          select position from event where event.partition = ids.id order by event.position desc limit 1) as last
        order by last.position desc
        limit 1),
      search (low, high) as (
        select 0::bigint, position + 1 from newest
        union all
        select case when is_before then middle else low end, case when is_before then high else middle end
        from search
        cross join lateral (select (low + high) / 2 as middle) as half
        cross join lateral (
          select coalesce((
            select event.received < ${to}::timestamptz + ${DISORDER}::interval from event
            where event.partition = (select id from newest) and event.position >= middle
            order by event.position
            limit 1), false) as is_before) as probe
        where high - low > 100)
      select high as position from search order by high - low limit 1`

function conditions(scope: Scope, { subject, source, seriesId, type, from, to }: EventFilter): Sql[] {
  const [service = '*', category = '*', detail = '*'] = type ?? []
  const section = (column: Sql, value: string) => (value === '*' ? [] : [sql`${column} = ${value}`])
  return [
    sql`event.tenant = ${scope.tenant} and event.kind = 'event'`,
    ...(subject === undefined ? [] : [sql`event.subject = ${subject}`]),
    ...(subject === undefined || source === undefined || seriesId === undefined
      ? []
      : [sql`event.series_key = ${hashKey(scope.tenant, source, subject, seriesId)}`]),
    ...section(sql`event.type1`, service),
    ...section(sql`event.type2`, category),
    ...section(sql`event.type3`, detail),
    ...(from === undefined ? [] : [sql`event.received >= ${from}::timestamptz`]),
    ...(to === undefined ? [] : [sql`event.received < ${to}::timestamptz`]),
    ...(scope.owner === undefined ? [] : [sql`exists (${notificationKeys(scope)})`]),
  ]
}
