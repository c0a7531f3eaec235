import type { EventInput, EventSeries } from '@tidings/contract/event.ts'
import { dateText, eventText } from '@tidings/contract/event-text.ts'
import type { Chain, EventRecord } from '../broker/broker.ts'
import { hashKey, hashUuid } from '../db/hash-key.ts'
import { endContentHash, eventContentHash } from './content-hash.ts'
import { newUuid } from './new-uuid.ts'
import type { PublishContext } from './publish-context.ts'

/** Longest subject filter, in code points. Only `*` can match a longer subject, so it is not stored for matching. */
const MAX_SUBJECT_FILTER_LENGTH = 150

/**
 * Adds uuid, received, tenant and user to an event and chooses its partition. `now` is the database's time. Pure,
 * except for the new uuid of an event without a key.
 */
export function eventRecord(event: EventInput, context: PublishContext, partitions: number, now: Date): EventRecord {
  const uuid = uuidOf(context)
  const seriesKey = seriesKeyOf(context.tenant, event)
  const { text, seqOffset } = eventText({
    source: event.source,
    type: event.type,
    subject: event.subject ?? null,
    data: event.data ?? null,
    seriesId: event.seriesId ?? null,
    timestamp: event.timestamp,
    deleteSubscriptionsMatchingSubject: event.deleteSubscriptionsMatchingSubject ?? false,
    endSeries: event.endSeries ?? false,
    tenant: context.tenant,
    user: context.user,
    received: dateText(now),
    uuid,
  })
  const [service = '', category = '', detail = ''] = event.type.split('.')
  return {
    partition: partitionOf(seriesKey ?? spreadKeyOf(uuid, context), partitions),
    uuid,
    contentHash: isCompared(context) ? eventContentHash(event, context) : undefined,
    kind: 'event',
    tenant: context.tenant,
    seriesKey,
    type: [service, category, detail],
    subject: matchableSubject(event.subject),
    endsSeries: event.endSeries ?? false,
    deletesSubscriptions: event.deleteSubscriptionsMatchingSubject ?? false,
    received: now,
    body: text,
    seqOffset,
    bodyBytes: Buffer.byteLength(text),
  }
}

/** Returns the end of a series as a record of its own, on the partition of that series. */
export function endOfSeriesRecord(
  series: EventSeries,
  context: PublishContext,
  partitions: number,
  now: Date,
): EventRecord {
  const seriesKey = hashKey(context.tenant, series.source, series.subject, series.seriesId)
  return {
    partition: partitionOf(seriesKey, partitions),
    uuid: uuidOf(context, 'end of series'),
    contentHash: isCompared(context) ? endContentHash(series, context) : undefined,
    kind: 'end_series',
    tenant: context.tenant,
    seriesKey,
    type: null,
    subject: null,
    endsSeries: true,
    deletesSubscriptions: false,
    received: now,
    body: '',
    seqOffset: 0,
    bodyBytes: 0,
  }
}

/** Joins the records of each series into a chain. One that is alone in its series needs none. */
export function chained(records: readonly EventRecord[]): EventRecord[] {
  const counts = new Map<string, number>()
  for (const { seriesKey } of records) if (seriesKey !== null) counts.set(seriesKey, (counts.get(seriesKey) ?? 0) + 1)
  const chains = new Map<string, Chain>()
  for (const [seriesKey, count] of counts) if (count > 1) chains.set(seriesKey, { seriesKey })
  return records.map((record) => {
    const chain = record.seriesKey === null ? undefined : chains.get(record.seriesKey)
    return chain === undefined ? record : { ...record, chain }
  })
}

/**
 * The uuid of a key must never change between versions: a retry across an upgrade would be stored twice. Others begin
 * with the time (version 7, RFC 9562 5.7), so new events share the pages of their index (`event_uuid_key`): random ones
 * change a page each, and send all of it to the write-ahead log after a checkpoint.
 */
function uuidOf(
  { tenant, service, foreignSigner, idempotencyKey }: PublishContext,
  ...kind: readonly string[]
): string {
  if (idempotencyKey === undefined) return newUuid()
  return hashUuid(
    tenant,
    service,
    idempotencyKey,
    ...kind,
    ...(foreignSigner === undefined ? [] : ['signed by', foreignSigner]),
  )
}

/** What spreads events outside a series over the partitions: not the time with which a new uuid begins. */
const spreadKeyOf = (uuid: string, { idempotencyKey }: PublishContext) =>
  idempotencyKey === undefined ? uuid.slice(-8) : uuid

const isCompared = ({ idempotencyKey, contentMayDiffer = false }: PublishContext) =>
  idempotencyKey !== undefined && !contentMayDiffer

/** An event is in a series when it names both a subject and a series (Tapis Notifications 1.6.2, publishEvent). */
function seriesKeyOf(tenant: string, { source, subject, seriesId }: EventInput): string | null {
  return isBlank(subject) || isBlank(seriesId) ? null : hashKey(tenant, source, subject, seriesId)
}

const isBlank = (text: string | null | undefined): text is null | undefined =>
  text === null || text === undefined || text.trim() === ''

/** Stable across processes and versions: the first 32 bits of the key. */
export const partitionOf = (key: string, partitions: number) => Number.parseInt(key.slice(0, 8), 16) % partitions

const matchableSubject = (subject: string | null | undefined) =>
  subject === null ||
  subject === undefined ||
  subject.length > 2 * MAX_SUBJECT_FILTER_LENGTH ||
  Array.from(subject).length > MAX_SUBJECT_FILTER_LENGTH
    ? null
    : subject
