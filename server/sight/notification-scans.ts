import { isUuid } from '@tidings/contract/uuid.ts'
import { sql, type Sql } from '../db/sql.ts'

/*
 * Scans name notifications in an order, each from a place on and with a bound on what it reads. A scan is two parts of
 * a `with`: `scanned` (target_id, lane_series, position), and `scan_end`, one row: the place (target_id, lane_series,
 * position) up to which it is complete, nulls: to its end.
 */

/** A place in an order: that of the last row that was read. */
export interface Place {
  readonly targetId: number
  readonly laneSeries: string
  readonly position: number
}

export interface Scan {
  readonly parts: Sql
  /** Of `scanned`. */
  readonly order: Sql
}

const MAX_OF_PARTITION = 150
const MAX_LANES = 300
const MAX_OF_LANE = 101
const LAST = Number.MAX_SAFE_INTEGER
const NIL = '00000000-0000-0000-0000-000000000000'

const NO_END = sql`
    scan_end as materialized (
      select null::bigint as target_id, null::uuid as lane_series, null::bigint as position)`

const NEWEST_FIRST = sql`position desc, target_id desc`
const OLDEST_FIRST = sql`position, target_id`

/** Those of one event, by target. */
export const scanEvent = (eventUuid: string, after: Place | undefined): Scan => ({
  order: sql`target_id`,
  parts: sql`
    scanned as materialized (
      select notification.target_id, notification.lane_series, notification.position
      from event
      join notification on notification.partition = event.partition and notification.position = event.position
      where event.uuid = ${eventUuid} and notification.target_id > ${after?.targetId ?? 0}
      order by notification.target_id
      limit ${MAX_OF_PARTITION}),
    scan_end as materialized (
      select case when count(*) = ${MAX_OF_PARTITION} then max(target_id) end as target_id, null::uuid as lane_series,
             null::bigint as position
      from scanned)`,
})

/** All of a few targets, newest first. The caller knows that there are not many. */
export const scanTargets = (targetIds: readonly number[], after: Place | undefined): Scan => ({
  order: NEWEST_FIRST,
  parts: sql`
    scanned as materialized (
      select notification.target_id, notification.lane_series, notification.position
      from unnest(${targetIds}::bigint[]) as mine (id)
      join notification on notification.target_id = mine.id
      where (notification.position, notification.target_id) < (${after?.position ?? LAST}, ${after?.targetId ?? LAST})),
    ${NO_END}`,
})

/** All of every partition, newest first; of `attempt`: those with a failed attempt. */
export const scanNewest = (table: 'notification' | 'attempt', after: Place | undefined): Scan => ({
  order: NEWEST_FIRST,
  parts: sql`
    read as materialized (
      select ids.id as partition, newest.*
      from (select partition as id from partition_cursor) as ids
      cross join lateral (
        select target_id, lane_series, position from ${table === 'attempt' ? sql`attempt` : sql`notification`} as stored
        where stored.partition = ids.id and stored.position <= ${after?.position ?? LAST}
          and (stored.position < ${after?.position ?? LAST} or stored.target_id < ${after?.targetId ?? LAST})
        order by stored.position desc, stored.target_id desc
        limit ${MAX_OF_PARTITION}) as newest),
    scan_end as materialized (
      select cut.target_id, cut.lane_series, cut.position
      from (values (1)) as one
      left join lateral (
        select * from (
          select distinct on (partition) partition, target_id, lane_series, position from read
          where partition in (select partition from read group by partition having count(*) = ${MAX_OF_PARTITION})
          order by partition, position, target_id) as last
        order by position desc, target_id desc
        limit 1) as cut on true),
    scanned as materialized (
      select distinct read.target_id, read.lane_series, read.position
      from read cross join scan_end
      where scan_end.position is null
         or (read.position, read.target_id) >= (scan_end.position, scan_end.target_id))`,
})

/** What waits in lanes that have a row, by lane; `targetIds` undefined: of all targets. */
export const scanColdLanes = (targetIds: readonly number[] | undefined, after: Place | undefined): Scan => {
  const targetId = after?.targetId ?? 0
  const laneSeries = after !== undefined && isUuid(after.laneSeries) ? after.laneSeries : NIL
  const from = sql`(lane.target_id, lane.lane_series) >= (${targetId}, ${laneSeries}::uuid)`
  return {
    order: sql`target_id, lane_series, position`,
    parts: sql`
    cold as materialized (
      ${
        targetIds === undefined
          ? sql`
      select target_id, lane_series, head_position from lane
      where ${from}
      order by lane.target_id, lane.lane_series
      limit ${MAX_LANES}`
          : sql`
      select mine.*
      from (select id from unnest(${targetIds}::bigint[]) as id where id >= ${targetId} order by id) as ids
      cross join lateral (
        select target_id, lane_series, head_position from lane
        where lane.target_id = ids.id and ${from}
        order by lane.lane_series
        limit ${MAX_LANES}) as mine
      limit ${MAX_LANES}`
      }),
    scanned as materialized (
      select cold.target_id, cold.lane_series, waiting.position
      from cold
      cross join lateral (
        select position from notification
        where notification.target_id = cold.target_id and notification.lane_series = cold.lane_series
          and notification.position >= cold.head_position
          and notification.position > case when (cold.target_id, cold.lane_series) = (${targetId}, ${laneSeries}::uuid)
                                           then ${after?.position ?? 0} else 0 end
          and notification.settled is null
        order by notification.position
        limit ${MAX_OF_LANE}) as waiting),
    scan_end as materialized (
      select last.target_id, last.lane_series, case when last.target_id is not null then ${LAST}::bigint end as position
      from (values (1)) as one
      left join lateral (
        select target_id, lane_series from cold
        where (select count(*) from cold) = ${MAX_LANES}
        order by target_id desc, lane_series desc
        limit 1) as last on true)`,
  }
}

/** What waits behind the watermarks in lanes without a row, oldest first. */
export const scanHotLanes = (after: Place | undefined): Scan => ({
  order: OLDEST_FIRST,
  parts: sql`
    read as materialized (
      select ids.partition, oldest.*
      from partition_cursor as ids
      cross join lateral (
        select target_id, lane_series, position, settled from notification
        where notification.partition = ids.partition
          and notification.position >= greatest(ids.settled_below + 1, ${after?.position ?? 0})
          and (notification.position > ${after?.position ?? 0} or notification.target_id > ${after?.targetId ?? 0})
        order by notification.position, notification.target_id
        limit ${MAX_OF_PARTITION}) as oldest),
    scan_end as materialized (
      select cut.target_id, cut.lane_series, cut.position
      from (values (1)) as one
      left join lateral (
        select * from (
          select distinct on (partition) partition, target_id, lane_series, position from read
          where partition in (select partition from read group by partition having count(*) = ${MAX_OF_PARTITION})
          order by partition, position desc, target_id desc) as last
        order by position, target_id
        limit 1) as cut on true),
    scanned as materialized (
      select read.target_id, read.lane_series, read.position
      from read cross join scan_end
      where read.settled is null
        and (scan_end.position is null or (read.position, read.target_id) <= (scan_end.position, scan_end.target_id))
        and not exists (
          select from lane where lane.target_id = read.target_id and lane.lane_series = read.lane_series))`,
})
