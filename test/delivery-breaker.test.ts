import { startReceiver, type Received, type Receiver } from '@tidings/harness/receiver.ts'
import { countStuckLanes } from '@tidings/server/recovery/stuck-lanes.ts'
import { expect, test as base } from 'vitest'
import { createRecordingLog, type RecordingLog } from './support/recording-log.ts'
import { dataOf, eventually, numbersOf } from './support/service-fixtures.ts'
import { startApp, type TestApp } from './support/test-app.ts'
import { countNotifications, secondsToLastLane, storedLanes } from './support/stored-state.ts'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'

const SERIES = 40
/** Requests that may be on the wire to one address. */
const AT_ONCE = 4
/** Failures in a row that open a breaker, and what was on the wire beside the last of them. */
const TO_OPEN = 5 + AT_ONCE - 1

interface Fixtures {
  readonly log: RecordingLog
  readonly receiver: Receiver
  /** Starts the service, with this list of waits, perhaps on a database that the caller has made. */
  readonly start: (delaysS: string, db?: TestDatabase) => Promise<TestApp>
}

const test = base.extend<Fixtures>({
  log: async ({}, use) => {
    await use(createRecordingLog())
  },
  receiver: async ({}, use) => {
    const receiver = await startReceiver()
    await use(receiver)
    await receiver.close()
  },
  start: async ({ log }, use) => {
    const apps: TestApp[] = []
    const databases = new Set<TestDatabase>()
    await use(async (delaysS, db) => {
      const env = { TIDINGS_RETRY_DELAYS_S: delaysS, TIDINGS_SENDS_PER_ADDRESS: String(AT_ONCE) }
      const app = await startApp({ env, log: log.log, ...(db && { db }) })
      apps.push(app)
      if (db) databases.add(db)
      return app
    })
    for (const app of apps.toReversed()) {
      expect(await countStuckLanes(app.db)).toBe(0)
      await app.stop()
    }
    for (const db of databases) await db.drop()
  },
})

/** Publishes events of many series. */
const publishAll = (app: TestApp, subject: string, data: string, series = SERIES) =>
  Promise.all(Array.from({ length: series }, (_, id) => app.publish({ subject, seriesId: `${id}`, data })))

const isWaiting = (app: TestApp, count: number) => eventually(() => storedLanes(app.db)).toHaveLength(count)

/** Of requests that were answered with 200, each series with its numbers. */
function deliveredOf(received: readonly Received[]): Record<string, number[]> {
  const series: Record<string, number[]> = {}
  for (const request of received) {
    const id = request.notification.event.seriesId ?? ''
    if (request.answeredStatus === 200) series[id] = [...(series[id] ?? []), ...numbersOf([request])]
  }
  return series
}

const inOrder = (count: number) =>
  Object.fromEntries(Array.from({ length: SERIES }, (_, id) => [id, Array.from({ length: count }, (_, n) => n + 1)]))

test('a dead receiver gets the requests that open its breaker, then one per step; what waits is in the table', async ({
  start,
  receiver,
  log,
}) => {
  const app = await start('0.2,0.4,60')
  const healthy = await startReceiver()
  receiver.decide(() => 500)
  await app.subscribe({ addresses: [receiver.url('/secret')], subjectFilter: 'dead' })
  await app.subscribe({ addresses: [healthy.url()], subjectFilter: 'healthy' })
  await publishAll(app, 'dead', 'first')
  // The probes after 0.2 and 0.4 s have failed; the next one is a minute away.
  await receiver.waitFor(({ length }) => length >= 7)
  await isWaiting(app, SERIES)
  for (const data of ['one', 'two', 'three', 'four']) {
    await app.publish({ subject: 'healthy', data })
    expect(dataOf(await healthy.take(1, 1000))).toEqual([data])
  }
  await publishAll(app, 'dead', 'second')
  await eventually(() => countNotifications(app.db)).toEqual({ delivered: 4, waiting: 2 * SERIES })
  expect(receiver.received.length).toBeLessThanOrEqual(TO_OPEN + 2)
  expect(log.messages.filter((message) => message === 'receiver fails, held back')).toHaveLength(1)
  expect(log.lines.join()).toContain(`"to":"${new URL(receiver.url()).origin}"`)
  expect(log.lines.join()).not.toContain('secret')
  await healthy.close()
})

test('the first success wakes all that have failed before, an hour early, and each series is in order', async ({
  start,
  receiver,
  log,
}) => {
  const app = await start('3600')
  const answers: (() => void)[] = []
  receiver.decide((request, response) => {
    if (request.notification.event.seriesId !== 'held') return 500
    answers.push(() => response.writeHead(200).end())
    return 'withheld'
  })
  await app.subscribe({ addresses: [receiver.url()] })
  await app.publish({ subject: 's', seriesId: 'held' })
  await receiver.take(1)
  await publishAll(app, 's', 'first')
  await publishAll(app, 's', 'second')
  await eventually(() => log.messages).toContain('receiver fails, held back')
  await isWaiting(app, SERIES)
  expect(await secondsToLastLane(app.db)).toBeGreaterThan(1000)
  receiver.decide(() => 200)
  answers.forEach((answer) => answer())
  await eventually(() => countNotifications(app.db)).toEqual({ delivered: 2 * SERIES + 1 })
  expect(deliveredOf(receiver.received)).toEqual({ held: [1], ...inOrder(2) })
  expect(log.messages).toContain('receiver works again')
  await eventually(() => storedLanes(app.db)).toEqual([])
})

test('a server that nobody listens at gets everything, at all its addresses, soon after its next probe', async ({
  start,
  receiver,
  log,
}) => {
  const app = await start('0.5')
  await receiver.goDown()
  const addresses = ['/a', '/b', '/c'].map((path) => receiver.url(path))
  await app.subscribe({ addresses })
  await publishAll(app, 's', 'first')
  await eventually(() => log.messages).toContain('receiver fails, held back')
  await isWaiting(app, addresses.length * SERIES)
  await receiver.comeUp()
  const cameUpAt = performance.now()
  await receiver.take(1)
  expect(performance.now() - cameUpAt).toBeLessThan(2000)
  await eventually(() => countNotifications(app.db)).toEqual({ delivered: addresses.length * SERIES })
  expect(performance.now() - cameUpAt).toBeLessThan(10_000)
  expect(log.messages.filter((message) => message === 'receiver works again')).toHaveLength(1)
})

test('a wait that the receiver has asked for is not cut short when others are woken', async ({ start, receiver }) => {
  const app = await start('1')
  const times: number[] = []
  const answers: (() => void)[] = []
  receiver.decide((request, response) => {
    const { seriesId } = request.notification.event
    if (seriesId === 'patient') {
      times.push(performance.now())
      return times.length === 1 ? { status: 503, headers: { 'retry-after': '3' } } : 200
    }
    if (seriesId !== 'held') return 500
    answers.push(() => response.writeHead(200).end())
    return 'withheld'
  })
  await app.subscribe({ addresses: [receiver.url()] })
  await app.publish({ subject: 's', seriesId: 'held' })
  await app.publish({ subject: 's', seriesId: 'patient' })
  await receiver.take(2)
  await publishAll(app, 's', 'first')
  await isWaiting(app, SERIES + 1)
  receiver.decide((request) => {
    if (request.notification.event.seriesId === 'patient') times.push(performance.now())
    return 200
  })
  answers.forEach((answer) => answer())
  await eventually(() => countNotifications(app.db)).toEqual({ delivered: SERIES + 2 })
  const [first = 0, second = 0] = times
  expect(second - first).toBeGreaterThanOrEqual(3000)
})

test('what waits behind an open breaker survives a restart, and is sent in order when the receiver is back', async ({
  start,
  receiver,
  log,
}) => {
  const db = await createTestDatabase({ isEmpty: true })
  const former = await start('0.5,2', db)
  receiver.decide(() => 500)
  await former.subscribe({ addresses: [receiver.url()] })
  await publishAll(former, 's', 'first')
  await eventually(() => log.messages).toContain('receiver fails, held back')
  await publishAll(former, 's', 'second')
  await isWaiting(former, SERIES)
  await former.stop()
  receiver.decide(() => 200)
  const app = await start('0.5,2', db)
  await eventually(() => countNotifications(app.db)).toEqual({ delivered: 2 * SERIES })
  expect(deliveredOf(receiver.received)).toEqual(inOrder(2))
})

test('a DELETE behind an open breaker takes effect at once', async ({ start, receiver, log }) => {
  const app = await start('60')
  receiver.decide(() => 500)
  const name = await app.subscribe({ addresses: [receiver.url()] })
  await publishAll(app, 's', 'first')
  await eventually(() => log.messages).toContain('receiver fails, held back')
  await isWaiting(app, SERIES)
  await app.client.call('DELETE', `/subscriptions/byName/${name}`)
  const deletedAt = performance.now()
  await eventually(() => countNotifications(app.db)).toEqual({ cancelled: SERIES })
  expect(performance.now() - deletedAt).toBeLessThan(2500)
  await eventually(() => storedLanes(app.db)).toEqual([])
})
