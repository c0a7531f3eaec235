import { createSequencePublisher, type SequencePublisher } from '@tidings/server/api/test-sequences/publisher.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { AppError } from '@tidings/server/errors.ts'
import type { Publish } from '@tidings/server/publish/publish.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createApiForFile, envelopeOf, EVENT_UUID } from './support/api.ts'
import { eventually } from './support/service-test.ts'
import { createRecordingLog } from './support/recording-log.ts'

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
}

// The first event comes from the request, by the publisher of the api; the others from this one.
const api = createApiForFile({ parts: () => ({ publish, sequences: { publishNext: (sequence) => publisher.publishNext(sequence) } }), isEmptiedBeforeEach: true })

beforeEach(() => {
  published = []
  beforeEvent = () => Promise.resolve()
  nowMs = 0
  publisher = createSequencePublisher({ db: api.db, publish, now: () => new Date(), log, intervalMs: INTERVAL_MS, clock: () => nowMs })
})

afterEach(() => publisher.stop())

const begin = async (query: string) => (await envelopeOf<{ name: string }>(api.call('POST', `/test/begin?${query}`), 201)).result.name
const rowOf = async (name: string) => (await api.db.query(sql`select published, next_due is not null as "isDue" from test_sequence join subscription on id = subscription_id where name = ${name}`))[0]

test('the events come one after the other, each in its time, and then no more', async () => {
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
  beforeEvent = (_number, name) => isAway && name === first ? Promise.reject(new AppError('NTFAPI_EVENT_POST_ERR')) : Promise.resolve()
  publisher.start()
  await eventually(() => published).toEqual(['begin', 'begin', 'number002', 'number003'])
  isAway = false
  await eventually(() => published).toEqual(['begin', 'begin', 'number002', 'number003', 'number002'])
})

test('an event that was published while its sequence was deleted is followed by another end of the series', async () => {
  const name = await begin('numberOfEvents=3')
  beforeEvent = (number) => number === 'number002' ? api.call('DELETE', `/test/${name}`) : Promise.resolve()
  publisher.start()
  await eventually(() => published).toEqual(['begin', 'end', 'number002', 'end'])
  expect(await rowOf(name)).toBeUndefined()
})

test('somebody else who published the same event in the same moment is no reason to end the series', async () => {
  const name = await begin('numberOfEvents=3')
  beforeEvent = (number) => number === 'number002'
    ? api.db.query(sql`update test_sequence set published = 2, next_due = now() where subscription_id = (select id from subscription where name = ${name})`)
    : Promise.resolve()
  publisher.start()
  await eventually(() => published).toEqual(['begin', 'number002', 'number003'])
})

test.each([
  ['was deleted as such', (name: string) => api.call('DELETE', `/subscriptions/byName/${name}`)],
  ['has expired', (name: string) => api.db.query(sql`update subscription set expiry = now() where name = ${name}`)],
])('a sequence whose subscription %s ends, with its series', async (_what, end) => {
  const name = await begin('numberOfEvents=3')
  await end(name)
  publisher.start()
  await eventually(() => rowOf(name)).toEqual({ published: 1, isDue: false })
  expect(published).toEqual(['begin', 'end'])
})

test('what a killed process has begun, and told nobody of, is ended after a while', async () => {
  const told = await begin('subscriptionTTL=0')
  const untold = await begin('subscriptionTTL=0')
  const recent = await begin('subscriptionTTL=0')
  await api.db.query(sql`update test_sequence set created = now() - interval '11 minutes' where subscription_id in (select id from subscription where name in (${told}, ${untold}))`)
  await api.db.query(sql`update test_sequence set published = 0, next_due = null where subscription_id in (select id from subscription where name in (${untold}, ${recent}))`)
  nowMs = 60_000
  publisher.start()
  await eventually(() => api.db.query(sql`select name from subscription where end_reason = 'deleted'`)).toEqual([{ name: untold }])
  expect(await rowOf(untold)).toBeUndefined()
  expect(await rowOf(recent)).toEqual({ published: 0, isDue: false })
})
