import { randomUUID } from 'node:crypto'
import { RECORD_FORMAT } from '@tidings/server/broker/broker.ts'
import type { Db } from '@tidings/server/db/db.ts'
import { sql } from '@tidings/server/db/sql.ts'

export interface StoredEvent {
  readonly uuid: string
  readonly kind: string
  readonly type: string
  readonly body: string
  readonly seqOffset: number
  readonly bodyBytes: number
  readonly received: Date
}

/** Records in the order of their positions: all, or those of this subject and kind. */
export const storedEvents = (
  db: Db,
  { subject = null, kind = null }: { subject?: string | null; kind?: 'event' | 'end_series' | null } = {},
) =>
  db.query<StoredEvent>(sql`
    select uuid, kind, concat_ws('.', type1, type2, type3) as type, body, seq_offset as "seqOffset",
           body_bytes as "bodyBytes", received
    from event
    where (${subject}::text is null or subject = ${subject}) and (${kind}::text is null or kind = ${kind})
    order by position`)

/** `data` of the events that are there, in the order of their positions. */
export const storedData = async (db: Db) =>
  (await storedEvents(db)).map(({ body }) => /"data": "([^"]*)"/.exec(body)?.[1])

/** How many records have a body of more bytes. */
export const countEventsOver = async (db: Db, bytes: number) =>
  (await db.query(sql`select from event where octet_length(body) > ${bytes}`)).length

/** How many events of this subject each transaction wrote, the smallest group first. */
export const sizesOfEventGroups = async (db: Db, subject: string) =>
  (
    await db.query<{ count: number }>(
      sql`select count(*) from event where subject = ${subject} group by xmin order by 1`,
    )
  ).map(({ count }) => count)

/** Uuids of the records that were dispatched, in the order of their positions: all, or this one. */
export const dispatchedEvents = async (db: Db, uuid: string | null = null) =>
  (
    await db.query<{ uuid: string }>(sql`
    select event.uuid
    from event
    join partition_cursor using (partition)
    where event.position <= partition_cursor.position and (${uuid}::uuid is null or event.uuid = ${uuid})
    order by event.position`)
  ).map(({ uuid }) => uuid)

/** Uuids of the records that nobody has dispatched yet, in the order of their positions. */
export const undispatchedEvents = async (db: Db) =>
  (
    await db.query<{ uuid: string }>(sql`
    select event.uuid
    from event
    join partition_cursor using (partition)
    where event.position > partition_cursor.position
    order by event.position`)
  ).map(({ uuid }) => uuid)

export interface EventToStore {
  readonly partition?: number
  readonly uuid: string
  readonly kind?: string
  readonly format?: number
  readonly tenant: string
  /** None where it is missing. */
  readonly type?: readonly [string, string, string]
  readonly subject?: string
  readonly body?: string
  readonly seqOffset?: number
  /** How far `received` is ahead of the database's clock. */
  readonly aheadHours?: number
}

/** Stores a record outside of a series, whatever it is, at the end of the table. */
export async function storeEvent(
  db: Db,
  {
    partition = 0,
    uuid,
    kind = 'event',
    format = RECORD_FORMAT,
    tenant,
    type: [type1, type2, type3] = ['', '', ''],
    subject,
    body = '',
    seqOffset = 0,
    aheadHours = 0,
  }: EventToStore,
): Promise<void> {
  await db.query(sql`
    insert into event (partition, position, uuid, kind, format, tenant, type1, type2, type3, subject, received, body,
                       seq_offset, body_bytes)
    values (${partition}, nextval('event_position'), ${uuid}, ${kind}, ${format}, ${tenant}, nullif(${type1}, ''),
            nullif(${type2}, ''), nullif(${type3}, ''), ${subject ?? null}, now() + ${aheadHours} * interval '1 hour',
            ${body}, ${seqOffset}, ${Buffer.byteLength(body)})`)
}

/** What is odd about a record. */
export interface Oddity {
  readonly kind?: string
  readonly format?: number
  readonly hasType?: boolean
}

/**
 * Stores a record like this event, with something odd about it, behind it in its partition. Returns the partition.
 */
export async function storeOddCopy(
  db: Db,
  ofUuid: string,
  { kind = 'event', format = RECORD_FORMAT, hasType = true }: Oddity,
): Promise<number> {
  const [row] = await db.query<{ partition: number }>(sql`
    insert into event (partition, position, uuid, kind, format, tenant, series_key, type1, type2, type3, subject,
                       received, body, body_bytes)
    select partition, nextval('event_position'), ${randomUUID()}, ${kind}, ${format}, tenant, series_key,
           case when ${hasType} then type1 end, type2, type3, subject, received, body, body_bytes
    from event
    where uuid = ${ofUuid}
    returning partition`)
  if (!row) throw new Error('nothing was inserted')
  return row.partition
}

/** Stores an event of the tenant dev as a release did that knew no contents of idempotency keys. */
export const publishWithoutContentHash = (db: Db, uuid: string) =>
  db.query(sql`
    select publish_records(
      false, array[0]::smallint[], array[${uuid}]::uuid[], array['event'], array[1]::smallint[], array['dev'],
      array[null]::uuid[], array['jobs'], array['A'], array['B'], array['s'], array[false], array[false], array[now()],
      array['{"seriesSeqCount": }'], array[19], array[20])`)

/** Has the events with these `data` be received so many hours earlier than they were. */
export const ageEvents = (db: Db, data: string, hours: number) =>
  db.query(sql`
    update event set received = received - ${hours} * interval '1 hour' where body like ${`%"data": "${data}"%`}`)

/** The same, and has their notifications be settled as many hours earlier. */
export const ageSettledEvents = (db: Db, data: string, hours: number) =>
  db.query(sql`
    with aged as (
      update event set received = received - ${hours} * interval '1 hour' where body like ${`%"data": "${data}"%`}
      returning partition, position)
    update notification set settled = settled - ${hours} * interval '1 hour'
    from aged
    where notification.partition = aged.partition and notification.position = aged.position`)

/** Until the transaction ends nobody writes events, or, where they are hidden, reads them either. */
export const lockEvents = (tx: Db, { areHidden = false } = {}) =>
  tx.query(areHidden ? sql`lock table event in access exclusive mode` : sql`lock table event in share mode`)

/** Has an idempotency key stand for a content since so many hours. */
export const storeIdempotencyKey = (db: Db, uuid: string, hours: number) =>
  db.query(sql`
    insert into idempotency_key (uuid, content_hash, created)
    values (${uuid}, ${uuid}, now() - ${hours} * interval '1 hour')`)

/** Uuids of the events that idempotency keys stand for. */
export const storedIdempotencyKeys = async (db: Db) =>
  (await db.query<{ uuid: string }>(sql`select uuid from idempotency_key order by uuid`)).map(({ uuid }) => uuid)
