import type { EventInput } from '@tidings/contract/event.ts'
import { withSeqCount } from '@tidings/contract/event-text.ts'
import { expect, test } from 'vitest'
import { chained, endOfSeriesRecord, eventRecord, partitionOf } from './record.ts'
import type { PublishContext } from './publish-context.ts'

const context: PublishContext = { tenant: 'dev', user: 'jdoe', service: 'jobs' }
const now = new Date('2026-03-01T10:00:00.120Z')
const input: EventInput = {
  source: 'ab',
  type: 'jobs.CATEGORY.DETAIL',
  timestamp: 'yesterday',
  subject: 'c',
  seriesId: 'd',
}

const recordOf = (event: Partial<EventInput> = {}, by: Partial<PublishContext> = {}) =>
  eventRecord({ ...input, ...event }, { ...context, ...by }, 32, now)

test('an event gets tenant, user, received and a new uuid, whatever the publisher sent', () => {
  const record = recordOf({ tenant: 'theirs', user: 'theirs', received: 'theirs', uuid: 'theirs', seriesSeqCount: 99 })
  const event: unknown = JSON.parse(withSeqCount(record.body, record.seqOffset, 7))
  expect(event).toEqual({
    source: 'ab',
    type: 'jobs.CATEGORY.DETAIL',
    subject: 'c',
    data: null,
    seriesId: 'd',
    seriesSeqCount: 7,
    timestamp: 'yesterday',
    deleteSubscriptionsMatchingSubject: false,
    endSeries: false,
    tenant: 'dev',
    user: 'jdoe',
    received: '2026-03-01T10:00:00.120Z',
    uuid: record.uuid,
  })
  expect(record).toMatchObject({
    tenant: 'dev',
    received: now,
    type: ['jobs', 'CATEGORY', 'DETAIL'],
    bodyBytes: Buffer.byteLength(record.body),
  })
})

test.each<[string, Partial<EventInput>, Partial<PublishContext>]>([
  ['tenant', {}, { tenant: 'other' }],
  ['source', { source: 'x' }, {}],
  ['subject', { subject: 'x' }, {}],
  ['seriesId', { seriesId: 'x' }, {}],
  ['the same letters, divided otherwise', { source: 'a', subject: 'bc' }, {}],
])('events that differ in %s are in different series', (_what, event, by) => {
  expect(recordOf(event, by).seriesKey).not.toBe(recordOf().seriesKey)
})

test('events of one series are on one partition, as is the end of that series', () => {
  const [one, other] = [recordOf({ data: 'one' }), recordOf({ data: 'other', type: 'jobs.OTHER.THING' })]
  const end = endOfSeriesRecord({ source: 'ab', subject: 'c', seriesId: 'd' }, context, 32, now)
  expect(other).toMatchObject({ seriesKey: one.seriesKey, partition: one.partition })
  expect(end).toMatchObject({
    kind: 'end_series',
    seriesKey: one.seriesKey,
    partition: one.partition,
    endsSeries: true,
    type: null,
  })
})

test.each<[string, Partial<EventInput>]>([
  ['no seriesId', { seriesId: null }],
  ['a blank seriesId', { seriesId: ' \t' }],
  ['no subject', { subject: null }],
  ['a blank subject', { subject: '' }],
])('an event with %s is in no series, and such events are spread over the partitions', (_what, event) => {
  const records = Array.from({ length: 200 }, () => recordOf(event))
  expect(records.map((record) => record.seriesKey)).toEqual(records.map(() => null))
  expect(new Set(records.map((record) => record.partition)).size).toBeGreaterThan(16)
})

test('an idempotency key determines the uuid, within one tenant, service and signer', () => {
  const keyed = (by: Partial<PublishContext>) => recordOf({}, { idempotencyKey: 'k', ...by }).uuid
  expect(keyed({})).toBe(keyed({}))
  expect(keyed({})).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(keyed({})).toBe('8d6b1190-0e59-86e8-ab43-0c154af00198') // never another over an upgrade
  expect(
    new Set([
      keyed({}),
      keyed({ foreignSigner: 'site2' }),
      keyed({ foreignSigner: 'site3' }),
      keyed({ tenant: 'other' }),
      keyed({ service: 'apps' }),
      keyed({ idempotencyKey: 'K' }),
    ]).size,
  ).toBe(6)
})

test('contents are compared only under a key, and only if the publisher does not say that they may differ', () => {
  const hashOf = (by: Partial<PublishContext>) => recordOf({}, by).contentHash
  expect(hashOf({ idempotencyKey: 'k' })).toBeTypeOf('string')
  expect([hashOf({}), hashOf({ idempotencyKey: 'k', contentMayDiffer: true })]).toEqual([undefined, undefined])
})

test('a subject is kept for matching up to the length that a filter can have, in code points', () => {
  const longest = '\u{1f600}'.repeat(150)
  expect(recordOf({ subject: longest }).subject).toBe(longest)
  expect(recordOf({ subject: `${longest}x` }).subject).toBeNull()
  expect(recordOf({ subject: null }).subject).toBeNull()
})

// Stored records lie on their partitions: a change here would split series that are under way.
test('the partition of a key never changes between versions', () => {
  expect(partitionOf('7fffffff-0000-0000-0000-000000000000', 32)).toBe(31)
  expect(partitionOf('00000021-ffff-ffff-ffff-ffffffffffff', 32)).toBe(1)
  expect(recordOf().seriesKey).toBe('a03d1aa4-f910-b5bd-acb4-355d68ff76a2')
})

test('records that are published together share a chain with those of their series', () => {
  const [a1, lone, b1, a2, none, b2] = chained([
    recordOf({ seriesId: 'a' }),
    recordOf({ seriesId: 'lone' }),
    recordOf({ seriesId: 'b' }),
    recordOf({ seriesId: 'a' }),
    recordOf({ seriesId: null }),
    recordOf({ seriesId: 'b' }),
  ]).map(({ chain }) => chain)
  expect(a1).toBeDefined()
  expect(a1).toBe(a2)
  expect(b1).toBe(b2)
  expect(b1).not.toBe(a1)
  expect([lone, none]).toEqual([undefined, undefined])
})

test('events outside a series are spread over the partitions, whenever they come', () => {
  const records = Array.from({ length: 400 }, () => recordOf({ seriesId: null }))
  expect(new Set(records.map(({ partition }) => partition)).size).toBe(32)
  expect(records.map(({ uuid }) => uuid)).toEqual(records.map(({ uuid }) => uuid).toSorted())
})
