import { findFreePort } from '@tidings/harness/free-port.ts'
import { startReceiver } from '@tidings/harness/receiver.ts'
import type { TestSequence } from '@tidings/contract/test-sequence.ts'
import { expect, onTestFinished, test } from 'vitest'
import { startAppForTest, type TestApp } from './support/test-app.ts'
import { createDatabaseForTest } from './support/test-database.ts'
import { createOperator } from './support/operator.ts'
import { eventually } from './support/service-fixtures.ts'
import {
  attemptFailures,
  leftOfTestSequences,
  lockTestSequences,
  seriesNumbers,
  storedEvents,
} from './support/stored-state.ts'
import { sessionsWaitingForLock } from './support/database-sessions.ts'

async function begin({ client }: Pick<TestApp, 'client'>, query: string): Promise<string> {
  const { status, body } = await client.call('POST', `/test/begin?${query}`, {})
  expect(status, body?.message).toBe(201)
  return (body?.result as { name: string }).name
}

async function progressOf({ client }: Pick<TestApp, 'client'>, name: string): Promise<TestSequence> {
  const { status, body } = await client.call('GET', `/test/${name}`)
  expect(status, body?.message).toBe(200)
  return body?.result as TestSequence
}

const numbersOf = ({ receivedEvents }: TestSequence) => receivedEvents.map(({ seriesSeqCount }) => seriesSeqCount)
const publishedTypes = async (db: TestApp['db'], name: string) =>
  (await storedEvents(db, { subject: name, kind: 'event' })).map(({ type }) => type)
const TYPES = [
  'notifications.test.begin',
  'notifications.test.number002',
  'notifications.test.number003',
  'notifications.test.number004',
]

test('a sequence goes the whole way: published, sent to itself, recorded in order, its series ended', async () => {
  const app = await startAppForTest({ sequenceIntervalMs: 50 })
  const name = await begin(app, 'numberOfEvents=4')
  await eventually(async () => (await progressOf(app, name)).notificationCount).toBe(4)
  const progress = await progressOf(app, name)
  expect(progress).toMatchObject({ startCount: 4, notificationCount: 4 })
  expect(numbersOf(progress)).toEqual([1, 2, 3, 4])
  expect(progress.receivedEvents.map(({ type }) => type)).toEqual(TYPES)
  expect(progress.receivedEvents.map(({ endSeries }) => endSeries)).toEqual([false, false, false, true])
  for (const { tenant, subscriptionName, event } of progress.receivedNotifications) {
    expect({ tenant, subscriptionName }).toEqual({ tenant: 'dev', subscriptionName: name })
    expect(event).toMatchObject({
      source: 'notifications',
      tenant: 'dev',
      user: 'jdoe',
      subject: name,
      seriesId: name,
      data: null,
    })
  }
  expect(await seriesNumbers(app.db)).toEqual([])
  expect(await app.client.call('DELETE', `/test/${name}`)).toMatchObject({
    status: 200,
    body: { result: { changes: 1 } },
  })
})

test('two processes on one database publish each event once', async () => {
  const db = await createDatabaseForTest({ isEmpty: true })
  const apps = [
    await startAppForTest({ db, sequenceIntervalMs: 20 }),
    await startAppForTest({ db, sequenceIntervalMs: 20 }),
  ] as const
  const names = await Promise.all(Array.from({ length: 4 }, () => begin(apps[0], 'numberOfEvents=10&endSeries=false')))
  for (const name of names) {
    await eventually(async () => (await progressOf(apps[1], name)).notificationCount).toBe(10)
    expect(numbersOf(await progressOf(apps[1], name))).toEqual(Array.from({ length: 10 }, (_, index) => index + 1))
    expect(await publishedTypes(db, name)).toHaveLength(10)
  }
})

test('a sequence deleted in the middle publishes no more, and leaves neither rows nor a series', async () => {
  const app = await startAppForTest({ sequenceIntervalMs: 20 })
  const names = await Promise.all(Array.from({ length: 10 }, () => begin(app, 'numberOfEvents=1000')))
  await eventually(async () => (await progressOf(app, names[0] ?? '')).notificationCount).toBeGreaterThan(2)
  const answers = await Promise.all(names.map((name) => app.client.call('DELETE', `/test/${name}`)))
  expect(answers.map(({ body }) => body?.result)).toEqual(names.map(() => ({ changes: 1 })))
  await eventually(() => leftOfTestSequences(app.db)).toEqual({ sequences: 0, callbacks: 0, series: 0, lanes: 0 })
})

test('callers without a token can use up their own connections only', async () => {
  const app = await startAppForTest()
  const name = await begin(app, '')
  await eventually(async () => (await progressOf(app, name)).notificationCount).toBe(1)
  const {
    receivedNotifications: [notification],
  } = await progressOf(app, name)
  const callbacks = await app.db.transaction(async (tx) => {
    await lockTestSequences(tx)
    const waiting = Array.from({ length: 30 }, () => app.client.call('POST', `/test/callback/${name}`, notification))
    await eventually(() => sessionsWaitingForLock(app.db, 'tidings callback')).toHaveLength(2)
    const answers = await Promise.all(Array.from({ length: 30 }, () => app.client.call('GET', `/test/${name}`)))
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    return waiting
  })
  const statuses = (await Promise.all(callbacks)).map(({ status }) => status)
  expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([])
  expect((await progressOf(app, name)).notificationCount).toBe(1 + statuses.filter((status) => status === 200).length)
})

test('the address guard admits the callback of a service with a base path, and no more of its host', async () => {
  const front = await startReceiver()
  onTestFinished(() => front.close())
  const app = await startAppForTest({
    env: { TIDINGS_PUBLIC_URL: front.url('/base'), TIDINGS_ALLOW_ADDRESSES: '192.0.2.0/24' },
  })
  await app.subscribe({
    addresses: [front.url('/v3/notifications/test/callback/x')],
    typeFilter: 'notifications.test.*',
  })
  const name = await begin(app, '')
  const [callback] = await front.take(1)
  expect(callback?.path).toBe(`/base/v3/notifications/test/callback/${name}/`)
  await eventually(async () => new Set(await attemptFailures(app.db))).toEqual(new Set(['address_refused']))
  expect(front.received).toHaveLength(1)
})

test('a sequence goes on after kill -9 of the service', async () => {
  // The address of a callback holds the port, so the second life needs the port of the first.
  const operator = await createOperator({ TAPIS_SERVICE_PORT: String(await findFreePort()) })
  onTestFinished(() => operator.cleanUp())
  const service = await operator.start()
  const name = await begin(operator, 'numberOfEvents=3')
  await eventually(async () => (await progressOf(operator, name)).notificationCount).toBe(1)
  await service.end('SIGKILL')
  await operator.start()
  // What was on the wire at the kill may come again, as the same notification.
  const distinct = async () =>
    new Map((await progressOf(operator, name)).receivedNotifications.map(({ uuid, event }) => [uuid, event]))
  await eventually(async () => [...(await distinct()).values()].map(({ seriesSeqCount }) => seriesSeqCount)).toEqual([
    1, 2, 3,
  ])
  expect([...(await distinct()).values()].map(({ type }) => type)).toEqual(TYPES.slice(0, 3))
  expect(operator.alarms()).toEqual([])
})
