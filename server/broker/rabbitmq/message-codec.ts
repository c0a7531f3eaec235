import { hashUuid } from '../../db/hash-key.ts'
import { unstorableReason } from '../../db/storable-text.ts'
import { required } from '../../runtime/required.ts'
import { RECORD_FORMAT, type EventRecord } from '../broker.ts'
import type { InboxRecord } from '../inbox.ts'
import { isHeader, isRecordFields } from './message-header.ts'

/**
 * A message in a queue: records of one partition, in their order.
 *
 * | bytes | what                                                      |
 * |-------|-----------------------------------------------------------|
 * | 4     | `TDNG`                                                    |
 * | 1     | format of the records                                     |
 * | 4     | length of the header, big-endian                          |
 * | ...   | header: JSON, the partition and each record's fields      |
 * | ...   | the records' bodies, UTF-8, one after another             |
 */
const MAGIC = Buffer.from('TDNG')
const FORMAT_AT = MAGIC.length
const HEADER_LENGTH_AT = FORMAT_AT + 1
const HEADER_AT = HEADER_LENGTH_AT + 4

export type DecodedMessage =
  /**
   * Never empty. A record that cannot be read is among them as `undecodable`; `reasons` says what is wrong with those.
   */
  | { readonly kind: 'records'; readonly records: readonly InboxRecord[]; readonly reasons: readonly string[] }
  | { readonly kind: 'newer_format'; readonly format: number }

/** Encodes records of one partition, at least one. */
export function encodeMessage(records: readonly EventRecord[]): Buffer {
  const { partition } = required(records[0], 'a message has at least one record')
  const items = records.map((record) => ({ record, body: Buffer.from(record.body) }))
  const header = Buffer.from(
    JSON.stringify({ partition, records: items.map(({ record, body }) => fieldsOf(record, body.length)) }),
  )
  const start = Buffer.alloc(HEADER_AT)
  MAGIC.copy(start)
  start.writeUInt8(RECORD_FORMAT, FORMAT_AT)
  start.writeUInt32BE(header.length, HEADER_LENGTH_AT)
  return Buffer.concat([start, header, ...items.map(({ body }) => body)])
}

/** Leaves out what matters to publish only: releases that do not know it could not read the message. */
const fieldsOf = ({ partition, body, contentHash, chain, ...fields }: EventRecord, bodyBytes: number) => ({
  ...fields,
  bodyBytes,
})

/**
 * Decodes any bytes: what it returns can be stored, and what `encodeMessage` made comes back as it was. `now` is the
 * database's time.
 */
export function decodeMessage(message: Buffer, partition: number, now: Date): DecodedMessage {
  const whollyUndecodable = (reason: string): DecodedMessage => ({
    kind: 'records',
    records: [undecodable(message, partition, now)],
    reasons: [reason],
  })
  const format = formatOf(message)
  if (format === undefined) return whollyUndecodable('not a message of this service')
  if (format > RECORD_FORMAT) return { kind: 'newer_format', format }
  const bodiesAt = HEADER_AT + message.readUInt32BE(HEADER_LENGTH_AT)
  const header = headerOf(message.subarray(HEADER_AT, bodiesAt))
  if (!isHeader(header)) return whollyUndecodable('its header cannot be read')
  if (header.partition !== partition) return whollyUndecodable(`it belongs to partition ${header.partition}`)
  const bytes = header.records.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)
  if (bodiesAt + bytes !== message.length) return whollyUndecodable('its length differs from what its header says')
  try {
    return decodeRecords(header.records, message.subarray(bodiesAt), partition, now)
  } catch (error) {
    // JSON that is nested so deeply that it can be parsed, but not written
    return whollyUndecodable(String(error))
  }
}

/** Undefined: the bytes are not a message of this service. */
function formatOf(message: Buffer): number | undefined {
  if (message.length < HEADER_AT || !message.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
  const format = message.readUInt8(FORMAT_AT)
  return format === 0 ? undefined : format
}

function headerOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(decodeText(bytes))
  } catch {
    return undefined
  }
}

function decodeRecords(
  all: readonly { readonly bodyBytes: number }[],
  bodies: Buffer,
  partition: number,
  now: Date,
): DecodedMessage {
  const reasons: string[] = []
  let at = 0
  const records = all.map((fields) => {
    const body = bodies.subarray(at, (at += fields.bodyBytes))
    const record = recordOf(fields, body, partition)
    if (typeof record !== 'string') return record
    reasons.push(record)
    return undecodable(Buffer.concat([Buffer.from(JSON.stringify(fields)), body]), partition, now)
  })
  return { kind: 'records', records, reasons }
}

/** Returns the record, or why there is none. */
function recordOf(fields: unknown, bodyBytes: Buffer, partition: number): InboxRecord | string {
  if (!isRecordFields(fields)) return 'a record with wrong fields'
  const received = new Date(fields.received)
  if (Number.isNaN(received.getTime()) || received.toISOString() !== fields.received)
    return 'a record with a wrong time'
  const body = textOrUndefined(bodyBytes)
  if (body === undefined || fields.seqOffset > body.length) return 'a record with a wrong body'
  if (
    [fields.tenant, fields.subject ?? '', ...(fields.type ?? []), body].some(
      (text) => unstorableReason(text) !== undefined,
    )
  )
    return 'a record with a text that cannot be stored'
  return { ...fields, partition, received, body }
}

function textOrUndefined(bytes: Buffer): string | undefined {
  try {
    return decodeText(bytes)
  } catch {
    return undefined
  }
}

/** Throws when it is not UTF-8. */
const decodeText = (bytes: Buffer) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)

/** Returns a row with the bytes in base64. The same bytes get the same uuid, so a repeated message is stored once. */
export function undecodable(bytes: Buffer, partition: number, now: Date): InboxRecord {
  const body = bytes.toString('base64')
  return {
    partition,
    uuid: hashUuid('undecodable', String(partition), body),
    kind: 'undecodable',
    tenant: '',
    seriesKey: null,
    type: null,
    subject: null,
    endsSeries: false,
    deletesSubscriptions: false,
    received: now,
    body,
    seqOffset: 0,
    bodyBytes: body.length,
  }
}
