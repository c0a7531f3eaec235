import { INSTANT_FORMAT } from '../db/instant-format.ts'
import { sql, type Sql } from '../db/sql.ts'

/** Instants are ISO texts in UTC with six digits. */
export interface EventRow {
  readonly partition: number
  readonly position: number
  readonly uuid: string
  readonly laneSeries: string
  readonly tenant: string
  readonly type1: string | null
  readonly type2: string | null
  readonly type3: string | null
  /** As it is matched. */
  readonly subject: string | null
  readonly received: string
  readonly bodyBytes: number
  readonly seqOffset: number
  /** Null: not dispatched, or by a release that did not write it. */
  readonly number: number | null
  readonly dispatched: string | null
  /** It is not behind the cursor of its partition. */
  readonly isPassed: boolean
  /** Some of its notifications are not inserted yet (table `fan_out`). */
  readonly isSpreading: boolean
  /** Why it is parked. */
  readonly parkedFor: string | null
  /** Its partition has a live dispatcher. */
  readonly isOwned: boolean
  readonly now: string
}

export const instant = (column: Sql) => sql`to_char(${column} at time zone 'UTC', ${INSTANT_FORMAT})`

/** Whether a partition has a dispatcher whose lease has not ended. */
export const isOwned = (partition: Sql) => sql`coalesce((
  select dispatcher.lease_until > now()
  from partition join dispatcher on dispatcher.id = partition.owner
  where partition.id = ${partition}), false)`

/** Columns of an `EventRow`, of a row of `event`. */
export const EVENT_COLUMNS = sql`
  event.partition, event.position, event.uuid, coalesce(event.series_key, event.uuid) as "laneSeries", event.tenant,
  event.type1, event.type2, event.type3, event.subject, ${instant(sql`event.received`)} as received,
  event.body_bytes as "bodyBytes", event.seq_offset as "seqOffset", done.number,
  ${instant(sql`done.dispatched`)} as dispatched, coalesce(cursor.position >= event.position, false) as "isPassed",
  coalesce(spreading.has_row, false) as "isSpreading", letter.reason as "parkedFor",
  ${isOwned(sql`event.partition`)} as "isOwned", ${instant(sql`now()`)} as now`

/** What `EVENT_COLUMNS` needs beside `event`. */
export const EVENT_JOINS = sql`
  left join lateral (
    select number, dispatched from dispatched
    where dispatched.partition = event.partition and dispatched.position = event.position
    limit 1) as done on true
  left join lateral (
    select position from partition_cursor
    where partition_cursor.partition = event.partition
    limit 1) as cursor on true
  left join lateral (
    select true as has_row from fan_out
    where fan_out.partition = event.partition and fan_out.position = event.position
    limit 1) as spreading on true
  left join lateral (
    select reason from dead_letter
    where dead_letter.partition = event.partition and dead_letter.position = event.position
    limit 1) as letter on true`
