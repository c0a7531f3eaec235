import type { RabbitMqNode } from '@tidings/harness/rabbitmq-node.ts'
import { startReceiver } from '@tidings/harness/receiver.ts'
import { createLog } from '@tidings/server/log.ts'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { batchItem, outcomesOf, publishBatch, tryToPublishBatch, uuidsOf } from './support/event-batches.ts'
import { startFaultyProxy } from './support/faulty-proxy.ts'
import { dataOf, eventually, numbersOf } from './support/service-fixtures.ts'
import { refuseEvents, storedData, storedEvents } from './support/stored-state.ts'
import { startAppForTest, type TestApp } from './support/test-app.ts'
import { createDatabaseForTest } from './support/test-database.ts'
import { hasRabbitMq, startOwnRabbitMq } from './support/test-rabbitmq.ts'

let node: RabbitMqNode | undefined

beforeAll(async () => {
  if (hasRabbitMq) node = await startOwnRabbitMq()
})

afterAll(() => node?.remove())

const range = (count: number) => Array.from({ length: count }, (_, index) => index)

async function subscribed(app: TestApp) {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  await app.subscribe({ addresses: [receiver.url()] })
  return receiver
}

describe.each([
  ['the database as broker', true, () => ({})],
  ['RabbitMQ', hasRabbitMq, () => ({ BROKER_URL: node?.url ?? '' })],
] as const)('a batch with %s', (_name, isThere, env) => {
  const testHere = test.skipIf(!isThere)
  const start = () => startAppForTest({ env: env() })

  testHere('of 1,000 events keeps their order in each series, and they are numbered without gaps', async () => {
    const app = await start()
    const receiver = await subscribed(app)
    const seriesCount = 4
    // Large enough for several writes, and with RabbitMQ for several messages of one partition.
    const padding = 'x'.repeat(3000)
    const result = await publishBatch(
      app,
      range(1000).map((n) => batchItem({ seriesId: `series ${n % seriesCount}`, data: `${n} ${padding}` })),
    )
    expect(result.failedCount).toBe(0)
    const received = await receiver.take(1000, 60_000)
    const uuids = uuidsOf(result)
    for (const series of range(seriesCount)) {
      const own = received.filter(({ notification: { event } }) => event.seriesId === `series ${series}`)
      const expected = range(1000).filter((n) => n % seriesCount === series)
      expect(dataOf(own).map((data) => Number(data?.split(' ')[0]))).toEqual(expected)
      expect(numbersOf(own)).toEqual(expected.map((_, at) => at + 1))
      expect(own.map(({ notification }) => notification.eventUuid)).toEqual(expected.map((n) => uuids[n]))
    }
  })

  testHere('that is repeated with its keys stores nothing twice, and its response has the same uuids', async () => {
    const app = await start()
    const batch = range(700).map((n) => batchItem({ seriesId: `series ${n % 3}`, data: `${n}` }, `key ${n}`))
    const first = await publishBatch(app, batch)
    expect(first.failedCount).toBe(0)
    expect(await publishBatch(app, batch)).toEqual(first)
    // One of them alone, in a request of its own, is the same event.
    expect(await app.publish(batch[5]?.event ?? {}, { 'idempotency-key': 'key 5' })).toBe(uuidsOf(first)[5])
    for (const series of range(3)) await app.publish({ seriesId: `series ${series}`, data: `last ${series}` })
    await eventually(() => storedData(app.db)).toEqual(expect.arrayContaining(['last 0', 'last 1', 'last 2']))
    expect(await storedEvents(app.db)).toHaveLength(703)
  })

  testHere(
    'an event whose key is used up holds back the rest of its series only, until all is sent again',
    async () => {
      const app = await start()
      const receiver = await subscribed(app)
      await app.publish({ seriesId: 'other', data: 'earlier' }, { 'idempotency-key': 'used up' })
      const batch = (key: string) => [
        batchItem({ seriesId: 'a', data: 'a0' }, 'a0'),
        batchItem({ seriesId: 'b', data: 'b0' }),
        batchItem({ seriesId: 'a', data: 'a1' }, key),
        batchItem({ seriesId: null, data: 'alone' }, 'alone'),
        batchItem({ seriesId: 'a', data: 'a2' }, 'a2'),
        batchItem({ seriesId: 'b', data: 'b1' }, 'b1'),
        batchItem({ seriesId: 'a', data: 'a3' }),
      ]
      const first = await publishBatch(app, batch('used up'))
      expect(outcomesOf(first)).toEqual([
        'stored',
        'stored',
        'NTFAPI_IDEMPOTENCY_KEY_REUSED',
        'stored',
        'NTFAPI_EVENT_FOLLOWS_FAILED',
        'stored',
        'NTFAPI_EVENT_FOLLOWS_FAILED',
      ])
      expect(first.failedCount).toBe(3)
      const failed = batch('a new key').filter((_, at) => first.events[at]?.status !== 'stored')
      const again = await publishBatch(app, failed)
      expect(again.failedCount).toBe(0)
      expect(uuidsOf(again)[1]).toBe(uuidsOf(first)[4])
      const received = await receiver.take(8)
      for (const [seriesId, data] of [
        ['a', ['a0', 'a1', 'a2', 'a3']],
        ['b', ['b0', 'b1']],
      ] as const) {
        const own = received.filter(({ notification }) => notification.event.seriesId === seriesId)
        expect(dataOf(own)).toEqual(data)
        expect(numbersOf(own)).toEqual(data.map((_, at) => at + 1))
      }
    },
  )

  testHere('holds back the rest of a series over all of its writes', async () => {
    const app = await start()
    await app.publish({ data: 'earlier' }, { 'idempotency-key': 'used up' })
    for (const failing of [100, 700]) {
      const seriesId = `fails at ${failing}`
      const { events } = await publishBatch(
        app,
        range(1000).map((n) =>
          batchItem({ seriesId, data: `${failing} ${n}` }, n === failing ? 'used up' : `${failing} ${n}`),
        ),
      )
      await app.publish({ seriesId, data: `${failing} last` })
      await eventually(() => storedData(app.db)).toContain(`${failing} last`)
      expect(events.map(({ status }) => status)).toEqual(
        range(1000).map((n) => (n < failing ? 'stored' : 'not_stored')),
      )
    }
    expect(await storedEvents(app.db)).toHaveLength(1 + 100 + 1 + 700 + 1)
  })

  testHere('with one key for two contents stores the first', async () => {
    const app = await start()
    const result = await publishBatch(app, [
      batchItem({ seriesId: 'a', data: 'one' }, 'k'),
      batchItem({ seriesId: 'a', data: 'one' }, 'k'),
      batchItem({ seriesId: 'b', data: 'other' }, 'k'),
      batchItem({ seriesId: 'b', data: 'behind' }),
    ])
    expect(outcomesOf(result)).toEqual([
      'stored',
      'stored',
      'NTFAPI_IDEMPOTENCY_KEY_REUSED',
      'NTFAPI_EVENT_FOLLOWS_FAILED',
    ])
    await eventually(() => storedData(app.db)).toEqual(['one'])
  })
})

test('an event that the database cannot store holds back the rest of its series only', async () => {
  const app = await startAppForTest({ log: createLog({ level: 'silent' }) })
  await refuseEvents(app.db, 'indigestible')
  const result = await publishBatch(app, [
    batchItem({ seriesId: 'a', data: 'a0' }),
    batchItem({ seriesId: 'a', data: 'indigestible' }),
    batchItem({ seriesId: 'b', data: 'b0' }),
    batchItem({ seriesId: 'a', data: 'a2' }),
  ])
  expect(outcomesOf(result)).toEqual(['stored', 'NTFAPI_INTERNAL', 'stored', 'NTFAPI_EVENT_FOLLOWS_FAILED'])
  expect(await storedData(app.db)).toEqual(['a0', 'b0'])
})

describe('while nothing can be stored', () => {
  const batch = range(1000).map((n) => batchItem({ data: `${n}` }, `key ${n}`))

  /** A try that is under way at the deadline makes the outcome unknown. */
  function expectRefused(refused: Awaited<ReturnType<typeof tryToPublishBatch>>): void {
    expect(refused).toMatchObject({ status: 503, result: null })
    expect(refused.code).toMatch(/^NTFAPI_(EVENTS_POST_ERR|PUBLISH_UNKNOWN)$/)
    expect(refused.ms).toBeLessThan(5000)
  }

  test('because the database is away, a batch gets 503 within 5 s, and can be sent again in its order', async () => {
    const db = await createDatabaseForTest({ isEmpty: true })
    const way = await startFaultyProxy(() => db.url)
    onTestFinished(() => way.close())
    const app = await startAppForTest({ db, databaseUrl: way.url })
    await way.refuse()
    const refused = await tryToPublishBatch(app, batch)
    expectRefused(refused)
    const patient = publishBatch(app, batch)
    await way.forward()
    expect((await patient).failedCount).toBe(0)
    expect(await storedData(db)).toEqual(range(1000).map(String))
  })

  test.skipIf(!hasRabbitMq)('because RabbitMQ is away, the same', async () => {
    const own = await startOwnRabbitMq()
    onTestFinished(() => own.remove())
    const app = await startAppForTest({ env: { BROKER_URL: own.url } })
    expect((await publishBatch(app, [batchItem({ data: 'before' })])).failedCount).toBe(0)
    await own.kill()
    const refused = await tryToPublishBatch(app, batch)
    expectRefused(refused)
    await own.start()
    await eventually(async () => (await tryToPublishBatch(app, batch)).status).toBe(200)
    await eventually(async () => (await storedData(app.db)).length).toBe(1001)
    expect(await storedData(app.db)).toEqual(['before', ...range(1000).map(String)])
  })
})
