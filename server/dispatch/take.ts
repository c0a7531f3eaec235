import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'

/** Larger texts stay in the database until they are sent. */
export const MAX_TAKEN_BODY_BYTES = 8192

/** A record after the cursor of its partition, with what dispatch decides from. */
export interface TakenRecord {
  readonly partition: number
  /** The partition's cursor in the same snapshot. */
  readonly cursor: number
  readonly position: number
  readonly uuid: string
  readonly kind: string
  readonly format: number
  /** Null outside a series. */
  readonly seriesKey: string | null
  readonly endsSeries: boolean
  readonly deletesSubscriptions: boolean
  readonly hasType: boolean
  /** The counter of its series in the same snapshot; null: there is none. */
  readonly lastNumber: number | null
  /** The event's text; null when it is larger than `MAX_TAKEN_BODY_BYTES`, and of what is not an event. */
  readonly body: string | null
  /** Where seriesSeqCount goes into `body`, in UTF-16 units; null without a body. */
  readonly seqOffset: number | null
  readonly bodyBytes: number
}

/**
 * Returns the next records of these partitions after their cursors, at most `limitPerPartition` of each, by position.
 * Takes no locks: a dispatch compares cursors and counters with what was read here.
 */
export const takeRecords = (db: Db, partitions: readonly number[], limitPerPartition: number) =>
  db.query<TakenRecord>(sql`
  select next.*, counter.last_number as "lastNumber"
  from unnest(${partitions}::smallint[]) as mine (partition)
  cross join lateral (
    select position from partition_cursor
    where partition_cursor.partition = mine.partition
    limit 1) as cursor
  cross join lateral (
    select event.partition, cursor.position as cursor, event.position, event.uuid, event.kind, event.format,
           event.series_key as "seriesKey", event.ends_series as "endsSeries",
           event.deletes_subscriptions as "deletesSubscriptions",
           (event.type1 is not null and event.type2 is not null and event.type3 is not null) as "hasType",
           case when event.kind = 'event' and event.body_bytes <= ${MAX_TAKEN_BODY_BYTES} then event.body end as body,
           case when event.kind = 'event' and event.body_bytes <= ${MAX_TAKEN_BODY_BYTES}
                then event.seq_offset end as "seqOffset",
           event.body_bytes as "bodyBytes"
    from event
    where event.partition = mine.partition and event.position > cursor.position
    order by event.position
    limit ${limitPerPartition}) as next
  left join lateral (
    select last_number from series
    where series.series_key = next."seriesKey"
    limit 1) as counter on true
  order by next.position`)
