import type { Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import { textArray } from '../db/text-array.ts'
import { RECORD_FORMAT, type EventRecord, type TakenRecord } from './broker.ts'

/** What can be a row of the inbox: a record, or what a broker has handed over and nobody can read. */
export interface InboxRecord extends Omit<EventRecord, 'kind'> {
  readonly kind: EventRecord['kind'] | 'undecodable'
}

/**
 * Locks the partitions of the group (advisory, ascending) until the commit; see publish_records in the migrations. Answers the
 * records whose uuid is there with another content.
 */
export async function insertRecords<Inbox extends InboxRecord>(db: Db, records: readonly Inbox[], notifies: boolean): Promise<ReadonlySet<Inbox>> {
  const rows = await db.query<{ place: number }>(publishRecords(records, notifies))
  return new Set(rows.flatMap(({ place }) => records[place - 1] ?? []))
}

const publishRecords = (records: readonly InboxRecord[], notifies: boolean) => sql`
  select publish_records(
    ${notifies},
    ${records.map((record) => record.partition)}::smallint[],
    ${records.map((record) => record.uuid)}::uuid[],
    ${records.map((record) => record.kind)}::text[],
    ${records.map(() => RECORD_FORMAT)}::smallint[],
    ${records.map((record) => record.tenant)}::text[],
    ${records.map((record) => record.seriesKey)}::uuid[],
    ${records.map((record) => record.type?.[0] ?? null)}::text[],
    ${records.map((record) => record.type?.[1] ?? null)}::text[],
    ${records.map((record) => record.type?.[2] ?? null)}::text[],
    ${records.map((record) => record.subject)}::text[],
    ${records.map((record) => record.endsSeries)}::boolean[],
    ${records.map((record) => record.deletesSubscriptions)}::boolean[],
    ${records.map((record) => record.received.toISOString())}::timestamptz[],
    ${textArray(records.map((record) => record.body))}::text[],
    ${records.map((record) => record.seqOffset)}::integer[],
    ${records.map((record) => record.bodyBytes)}::integer[],
    ${records.map((record) => record.contentHash ?? null)}::uuid[]) as place`

/** The next records of these partitions after their cursors, at most so many of each, in position order. */
export const readAfterCursor = (tx: Db, partitions: readonly number[], limitPerPartition: number) => tx.query<TakenRecord>(sql`
  select next.partition, next.position, next.uuid, next.kind, next.format, next.series_key as "seriesKey",
         next.ends_series as "endsSeries", next.deletes_subscriptions as "deletesSubscriptions",
         (next.type1 is not null and next.type2 is not null and next.type3 is not null) as "hasType"
  from partition_cursor
  cross join lateral (
    select * from event
    where event.partition = partition_cursor.partition and event.position > partition_cursor.position
    order by event.position
    limit ${limitPerPartition}) as next
  where partition_cursor.partition = any (${partitions}::smallint[])
  order by next.position`)

/** These were dealt with. */
export async function moveCursors(tx: Db, taken: readonly TakenRecord[]): Promise<void> {
  const last = new Map(taken.map((record) => [record.partition, record.position]))
  await tx.query(sql`
    update partition_cursor
    set position = moved.position
    from unnest(${[...last.keys()]}::smallint[], ${[...last.values()]}::bigint[]) as moved (partition, position)
    where partition_cursor.partition = moved.partition`)
}
