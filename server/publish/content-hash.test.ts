import type { EventInput } from '@tidings/contract/event.ts'
import { expect, test } from 'vitest'
import { endContentHash, eventContentHash } from './content-hash.ts'
import type { PublishContext } from './publish-context.ts'

const context: PublishContext = { tenant: 'dev', user: 'jdoe', service: 'jobs', idempotencyKey: 'k' }
const event: EventInput = { source: 's', type: 'jobs.A.B', timestamp: 't', subject: 'u', seriesId: 'v', data: 'd' }

const hash = (changes: Partial<EventInput> = {}, by: Partial<PublishContext> = {}) =>
  eventContentHash({ ...event, ...changes }, { ...context, ...by })

test.each<[string, Partial<EventInput>, Partial<PublishContext>]>([
  ['source', { source: 'x' }, {}],
  ['type', { type: 'jobs.A.C' }, {}],
  ['timestamp', { timestamp: 'x' }, {}],
  ['subject', { subject: 'x' }, {}],
  ['no subject', { subject: null }, {}],
  ['an empty subject', { subject: '' }, {}],
  ['data', { data: 'x' }, {}],
  ['no data', { data: null }, {}],
  ['data that is the word null', { data: 'null' }, {}],
  ['an unpaired surrogate', { data: '\ud800' }, {}],
  ['the other half', { data: '\udc00' }, {}],
  ['seriesId', { seriesId: 'x' }, {}],
  ['endSeries', { endSeries: true }, {}],
  ['deletion', { deleteSubscriptionsMatchingSubject: true }, {}],
  ['letters that are divided otherwise', { subject: 'uv', seriesId: '' }, {}],
  ['tenant', {}, { tenant: 'x' }],
  ['user', {}, { user: 'x' }],
])('%s makes different content', (_what, changes, by) => {
  expect(hash(changes, by)).not.toBe(hash())
})

test('each of these contents has a different hash', () => {
  const all = [
    {},
    { subject: null },
    { subject: '' },
    { data: null },
    { data: '' },
    { data: '\ud800' },
    { data: '\udc00' },
    { data: '\ufffd' },
    { endSeries: true },
    { deleteSubscriptionsMatchingSubject: true },
  ]
  expect(new Set(all.map((changes) => hash(changes))).size).toBe(all.length)
})

test.each<[string, EventInput]>([
  ['in another order', { data: 'd', seriesId: 'v', subject: 'u', timestamp: 't', type: 'jobs.A.B', source: 's' }],
  ['with its defaults', { ...event, endSeries: false, deleteSubscriptionsMatchingSubject: false }],
  [
    'with members that the service maintains',
    { ...event, tenant: 'x', user: 'x', received: 'x', uuid: 'x', seriesSeqCount: 7 },
  ],
  ['with members that nobody knows', Object.assign({}, event, { unknown: 1 })],
])('the same event %s is the same content', (_how, same) => {
  expect(eventContentHash(same, context)).toBe(hash())
})

test('an absent text is a null', () => {
  const bare: EventInput = { source: 's', type: 'jobs.A.B', timestamp: 't' }
  expect(eventContentHash(bare, context)).toBe(hash({ subject: null, seriesId: null, data: null }))
})

// Hashes are stored: what is tried again over an upgrade must be the same.
test('the hash never changes between versions', () => {
  expect(hash()).toBe('5568b051-476d-a8c0-595d-f5cebd542fea')
})

test('the end of a series is its series in its tenant, whoever asks for it', () => {
  const end = (changes = {}, by: Partial<PublishContext> = {}) =>
    endContentHash({ source: 's', subject: 'u', seriesId: 'v', ...changes }, { ...context, ...by })
  expect(
    new Set([end(), end({ source: 'x' }), end({ subject: 'x' }), end({ seriesId: 'x' }), end({}, { tenant: 'x' })])
      .size,
  ).toBe(5)
  expect(end({}, { user: 'x' })).toBe(end())
})
