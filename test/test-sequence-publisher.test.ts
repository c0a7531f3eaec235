import {
  createSequencePublisher,
  type SequencePublisher,
} from '@tidings/server/api/test-sequences/sequence-publisher.ts'
import type { Publish } from '@tidings/server/publish/publish.ts'
import { PublishError } from '@tidings/server/publish/publish-error.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createApiForFile, envelopeOf, EVENT_UUID } from './support/test-api.ts'
import { eventually } from './support/service-fixtures.ts'
import { createRecordingLog } from './support/recording-log.ts'
import {
  advanceTestSequence,
  ageTestSequence,
  expireSubscriptions,
  resetTestSequence,
  storedSubscriptions,
  storedTestSequences,
} from './support/stored-state.ts'

const INTERVAL_MS = 30
/** Everything that was handed to the publish port: the number of an event, or `end`. */
let published: string[] = []
let beforeEvent: (number: string, name: string) => Promise<unknown> = () => Promise.resolve()
let nowMs = 0
let publisher: SequencePublisher
const { log } = createRecordingLog()

const publish: Publish = {
  async event({ type, subject }) {
    const number = type.split('.')[2] ?? ''
    await beforeEvent(number, subject ?? '')
    published.push(number)
    return { uuid: EVENT_UUID }
  },
  endSeries() {
    published.push('end')
    return Promise.resolve()
  },
  events: () => Promise.reject(new Error('a test sequence publishes one event at a time')),
}

// The first event comes from the request, by the publisher of the api; the others from this one.
const api = createApiForFile({
  deps: () => ({ publish, sequences: { publishNext: (sequence) => publisher.publishNext(sequence) } }),
  isEmptiedBeforeEach: true,
})

beforeEach(() => {
  published = []
  beforeEvent = () => Promise.resolve()
  nowMs = 0
  publisher = createSequencePublisher({
    db: api.db,
    publish,
    now: () => new Date(),
    log,
    intervalMs: INTERVAL_MS,
    clock: () => nowMs,
  })
})

afterEach(() => publisher.stop())

const begin = async (query: string) =>
  (await envelopeOf<{ name: string }>(api.call('POST', `/test/begin?${query}`), 201)).result.name
const rowOf = async (name: string) => (await storedTestSequences(api.db)).find((row) => row.name === name)

test('the events come one after the other, each on time, and then no more', async () => {
  const startedAt = performance.now()
  const name = await begin('numberOfEvents=4')
  expect(published).toEqual(['begin'])
  publisher.start()
  await eventually(() => published).toEqual(['begin', 'number002', 'number003', 'number004'])
  expect(performance.now() - startedAt).toBeGreaterThan(3 * INTERVAL_MS)
  await eventually(() => rowOf(name)).toMatchObject({ published: 4 })
})

test('an event that could not be stored comes later, and holds up no other sequence', async () => {
  const first = await begin('numberOfEvents=2')
  await begin('numberOfEvents=3')
  let isAway = true
  beforeEvent = (_number, name) =>
    isAway && name === first ? Promise.reject(new PublishError('not_stored', 'event')) : Promise.resolve()
  publisher.start()
  await eventually(() => published).toEqual(['begin', 'begin', 'number002', 'number003'])
  isAway = false
  await eventually(() => published).toEqual(['begin', 'begin', 'number002', 'number003', 'number002'])
})

test('an event published while its sequence was deleted is followed by another end of the series', async () => {
  const name = await begin('numberOfEvents=3')
  beforeEvent = (number) => (number === 'number002' ? api.call('DELETE', `/test/${name}`) : Promise.resolve())
  publisher.start()
  await eventually(() => published).toEqual(['begin', 'end', 'number002', 'end'])
  expect(await rowOf(name)).toBeUndefined()
})

test('the series does not end because another process published the same event at the same moment', async () => {
  const name = await begin('numberOfEvents=3')
  beforeEvent = (number) => (number === 'number002' ? advanceTestSequence(api.db, name, 2) : Promise.resolve())
  publisher.start()
  await eventually(() => published).toEqual(['begin', 'number002', 'number003'])
})

test.each([
  ['was deleted as such', (name: string) => api.call('DELETE', `/subscriptions/byName/${name}`)],
  ['has expired', (name: string) => expireSubscriptions(api.db, { name, agoS: 0 })],
])('a sequence whose subscription %s ends, with its series', async (_what, end) => {
  const name = await begin('numberOfEvents=3')
  await end(name)
  publisher.start()
  await eventually(() => rowOf(name)).toEqual({ name, published: 1, isDue: false })
  expect(published).toEqual(['begin', 'end'])
})

test('what a killed process has begun without reporting it is ended after a while', async () => {
  const told = await begin('subscriptionTTL=0')
  const untold = await begin('subscriptionTTL=0')
  const recent = await begin('subscriptionTTL=0')
  for (const name of [told, untold]) await ageTestSequence(api.db, name, 11 * 60)
  for (const name of [untold, recent]) await resetTestSequence(api.db, name)
  nowMs = 60_000
  publisher.start()
  await eventually(async () =>
    (await storedSubscriptions(api.db)).filter(({ endReason }) => endReason === 'deleted'),
  ).toMatchObject([{ name: untold }])
  expect(await rowOf(untold)).toBeUndefined()
  expect(await rowOf(recent)).toEqual({ name: recent, published: 0, isDue: false })
})
