import type { Db } from '../db/db.ts'
import type { OwnedPartitions } from '../db/fence.ts'
import { sql } from '../db/sql.ts'
import { textArray } from '../db/text-array.ts'
import { RECORD_FORMAT, type EventRecord } from './broker.ts'

/** A row of the inbox: a record, or a message of a broker that cannot be decoded. */
export interface InboxRecord extends Omit<EventRecord, 'kind'> {
  readonly kind: EventRecord['kind'] | 'undecodable'
}

/**
 * Inserts a group of records. Locks their partitions (advisory, ascending) until the commit; see publish_records in
 * migration 0005. Returns the records whose uuid is there with another content.
 */
export async function insertRecords<Inbox extends InboxRecord>(
  db: Db,
  records: readonly Inbox[],
  notifies: boolean,
): Promise<ReadonlySet<Inbox>> {
  const rows = await db.query<{ place: number }>(publishRecords(records, notifies))
  return new Set(rows.flatMap(({ place }) => records[place - 1] ?? []))
}

const publishRecords = (records: readonly InboxRecord[], notifies: boolean) => sql`
  select publish_records(
    notifies => ${notifies},${columnsOf(records)},
    content_hashes => ${records.map((record) => record.contentHash ?? null)}::uuid[]) as place`

/**
 * The same for records of partitions that this process owns, without a look at their contents, in one statement that
 * begins with the fence: when one of the partitions is not ours at its epoch, nothing is inserted (`isLostOwnership`).
 */
export async function insertOwnedRecords(
  db: Db,
  { ownerId, epochs }: OwnedPartitions,
  records: readonly InboxRecord[],
): Promise<void> {
  const ids = [...new Set(records.map(({ partition }) => partition))]
  await db.query(sql`
  select pump_records(
    owner_id => ${ownerId}::uuid,
    ids => ${ids}::smallint[],
    epochs => ${ids.map((id) => epochs.get(id) ?? -1)}::bigint[],${columnsOf(records)})`)
}

const columnsOf = (records: readonly InboxRecord[]) => sql`
    partitions => ${records.map((record) => record.partition)}::smallint[],
    uuids => ${records.map((record) => record.uuid)}::uuid[],
    kinds => ${records.map((record) => record.kind)}::text[],
    formats => ${records.map(() => RECORD_FORMAT)}::smallint[],
    tenants => ${records.map((record) => record.tenant)}::text[],
    series_keys => ${records.map((record) => record.seriesKey)}::uuid[],
    type1s => ${records.map((record) => record.type?.[0] ?? null)}::text[],
    type2s => ${records.map((record) => record.type?.[1] ?? null)}::text[],
    type3s => ${records.map((record) => record.type?.[2] ?? null)}::text[],
    subjects => ${records.map((record) => record.subject)}::text[],
    end_flags => ${records.map((record) => record.endsSeries)}::boolean[],
    deletion_flags => ${records.map((record) => record.deletesSubscriptions)}::boolean[],
    received_times => ${records.map((record) => record.received.toISOString())}::timestamptz[],
    bodies => ${textArray(records.map((record) => record.body))}::text[],
    seq_offsets => ${records.map((record) => record.seqOffset)}::integer[],
    body_sizes => ${records.map((record) => record.bodyBytes)}::integer[]`
