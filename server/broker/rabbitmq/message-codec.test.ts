import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unstorableReason } from '../../db/storable-text.ts'
import { RECORD_FORMAT, type EventRecord } from '../broker.ts'
import { decodeMessage, encodeMessage } from './message-codec.ts'

const NOW = new Date('2026-11-23T10:00:01Z')
const RECORD: EventRecord = {
  partition: 3,
  uuid: '7f0c3f0e-58a3-4f0e-9b1e-5d7f1a2b3c4d',
  kind: 'event',
  tenant: 'dev',
  seriesKey: '00112233-4455-6677-8899-aabbccddeeff',
  type: ['jobs', 'STATUS', 'RUNNING'],
  subject: 'job-7',
  endsSeries: false,
  deletesSubscriptions: false,
  received: new Date('2026-11-23T10:00:00.123Z'),
  body: '{"a": }',
  seqOffset: 6,
  bodyBytes: 7,
}

const text = fc.string({ unit: 'binary' }).filter((value) => unstorableReason(value) === undefined)
const uuid = fc.uuid()
const record: fc.Arbitrary<EventRecord> = fc
  .record({
    partition: fc.constant(3),
    uuid,
    kind: fc.constantFrom('event', 'end_series'),
    tenant: text,
    seriesKey: fc.option(uuid),
    type: fc.option(fc.tuple(text, text, text)),
    subject: fc.option(text),
    endsSeries: fc.boolean(),
    deletesSubscriptions: fc.boolean(),
    received: fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    }),
    body: text,
    seqOffset: fc.constant(0),
    bodyBytes: fc.constant(0),
  })
  .chain((made) =>
    fc
      .integer({ min: 0, max: made.body.length })
      .map((seqOffset) => ({ ...made, seqOffset, bodyBytes: Buffer.byteLength(made.body) })),
  )

const decodedOf = (bytes: Buffer) => {
  const decoded = decodeMessage(bytes, 3, NOW)
  if (decoded.kind !== 'records') throw new Error('a newer format')
  return decoded
}

test('what only publish needs does not travel: releases that do not know it could not read the message', () => {
  const chain = { seriesKey: RECORD.seriesKey ?? '' }
  expect(encodeMessage([{ ...RECORD, contentHash: 'hash', chain }])).toEqual(encodeMessage([RECORD]))
})

test('what is encoded is decoded as it was, whatever the texts are', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), (records) => {
      expect(decodeMessage(encodeMessage(records), 3, NOW)).toEqual({ kind: 'records', records, reasons: [] })
    }),
  )
})

test('any bytes are decoded to rows that can be stored, or to a newer format', () => {
  const damaged = fc
    .tuple(fc.array(record, { minLength: 1, maxLength: 3 }), fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 8 }))
    .map(([records, at, bytes]) => {
      const message = encodeMessage(records)
      Buffer.from(bytes).copy(message, at % message.length)
      return message
    })
  fc.assert(
    fc.property(
      fc.oneof(
        damaged,
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      ),
      (message) => {
        const decoded = decodeMessage(message, 3, NOW)
        if (decoded.kind === 'newer_format') return
        expect(decoded.records.length).toBeGreaterThan(0)
        expect(decoded.records.filter(({ kind }) => kind === 'undecodable')).toHaveLength(decoded.reasons.length)
        for (const row of decoded.records) {
          expect(row.uuid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
          expect(
            [row.tenant, row.subject ?? '', row.body, ...(row.type ?? [])].filter(
              (value) => unstorableReason(value) !== undefined,
            ),
          ).toEqual([])
          expect(row.received.getUTCFullYear()).toBeGreaterThan(0)
        }
      },
    ),
    { numRuns: 500 },
  )
})

test.each<[string, Partial<Record<keyof EventRecord, unknown>>]>([
  ['a uuid that is none', { uuid: '7f0c3f0e' }],
  ['an unknown kind', { kind: 'riddle' }],
  ['a NUL in a text', { tenant: 'd\0v' }],
  ['an unpaired surrogate in a text', { subject: 'x\ud800' }],
  ['a NUL in the body', { body: '{\0}' }],
  ['a number too large for its column', { seqOffset: 2 ** 31 }],
  ['a place beyond its body', { seqOffset: 8 }],
  ['two sections of a type', { type: ['jobs', 'STATUS'] }],
  ['a field more', { colour: 'red' } as never],
])('a record with %s is kept as undecodable, and its neighbours are not', (_, change) => {
  const odd = { ...RECORD, ...change } as EventRecord
  const { records, reasons } = decodedOf(
    encodeMessage([RECORD, odd, { ...RECORD, uuid: RECORD.uuid.replace('7', '8') }]),
  )
  expect(records.map(({ kind }) => kind)).toEqual(['event', 'undecodable', 'event'])
  expect(reasons).toHaveLength(1)
})

test.each([
  '+010000-01-01T00:00:00.000Z',
  '0000-01-01T00:00:00.000Z',
  '2026-02-30T00:00:00.000Z',
  '2026-11-23T10:00:00Z',
  'yesterday',
])('a time that no column takes is undecodable: %s', (received) => {
  const message = encodeMessage([RECORD])
    .toString('latin1')
    .replace('2026-11-23T10:00:00.123Z', received.padEnd(24).slice(0, 24))
  expect(decodedOf(Buffer.from(message, 'latin1')).records).toMatchObject([{ kind: 'undecodable' }])
})

test('a foreign, truncated or misplaced message is kept whole, under the same uuid each time', () => {
  const good = encodeMessage([RECORD])
  for (const message of [
    Buffer.alloc(0),
    Buffer.from('hello'),
    good.subarray(0, 20),
    good.subarray(0, -1),
    Buffer.concat([good, Buffer.from('x')]),
    encodeMessage([{ ...RECORD, partition: 4 }]),
  ]) {
    const first = decodedOf(message).records
    expect(first).toMatchObject([{ kind: 'undecodable', partition: 3, body: message.toString('base64') }])
    expect(decodedOf(message).records[0]?.uuid).toBe(first[0]?.uuid)
  }
})

test('a message of no records is kept whole, so that it is acknowledged like any other', () => {
  const header = Buffer.from(JSON.stringify({ partition: RECORD.partition, records: [] }))
  const message = Buffer.concat([encodeMessage([RECORD]).subarray(0, 9), header])
  message.writeUInt32BE(header.length, 5)
  expect(decodedOf(message).records).toMatchObject([{ kind: 'undecodable', body: message.toString('base64') }])
})

test('a message whose header is nested too deeply is kept whole', () => {
  const [deep] = encodeMessage([{ ...RECORD, tenant: 'DEEP' }])
    .toString('latin1')
    .split(RECORD.body)
    .map((text) => text.replace('"DEEP"', '['.repeat(100_000) + ']'.repeat(100_000)))
  const message = Buffer.from(`${deep ?? ''}${RECORD.body}`, 'latin1')
  message.writeUInt32BE(message.length - 9 - RECORD.body.length, 5)
  expect(decodedOf(message).records).toMatchObject([{ kind: 'undecodable', body: message.toString('base64') }])
})

test('a body that is not UTF-8 is undecodable', () => {
  const message = encodeMessage([RECORD])
  message.writeUInt8(0xff, message.length - 1)
  expect(decodedOf(message).records).toMatchObject([{ kind: 'undecodable' }])
})

test('a newer format is reported, not read', () => {
  const message = encodeMessage([RECORD])
  message.writeUInt8(RECORD_FORMAT + 1, 4)
  expect(decodeMessage(message, 3, NOW)).toEqual({ kind: 'newer_format', format: RECORD_FORMAT + 1 })
})
