import type { Receiver } from '@tidings/harness/receiver.ts'
import { countStuckLanes } from '@tidings/server/recovery/stuck-lanes.ts'
import { describe, expect } from 'vitest'
import { createServiceProcesses } from './support/service-processes.ts'
import {
  dataOf,
  eventually,
  isDispatched,
  notificationsOf,
  numbersOf,
  serviceTest,
} from './support/service-fixtures.ts'
import { createGate } from './support/stepwise-service.ts'
import {
  acceptNotifications,
  addWebhooks,
  countNotifications,
  livingSubscriptions,
  refuseTargets,
  storedFanOuts,
} from './support/stored-state.ts'
import type { TestApp } from './support/test-app.ts'

/** One partition: whatever is not delayed is not because of the fan-out, not because of its place. */
const test = serviceTest({ TIDINGS_PARTITIONS: '1' })

const BIG = 'jobs.BIG.X'
const TARGETS = 1200

/** One subscription of the type BIG with so many targets; the one in the middle can be refused by `/stop`. */
async function subscribeMany({ app, receiver, subject }: { app: TestApp; receiver: Receiver; subject: string }) {
  const addresses = [receiver.url('/many/0')]
  const name = await app.subscribe({ addresses, subjectFilter: subject, typeFilter: 'jobs.BIG.*' })
  await addWebhooks(app.db, name, receiver.url('/many'), TARGETS / 2)
  await addWebhooks(app.db, name, receiver.url('/stop'), 1)
  await addWebhooks(app.db, name, receiver.url('/others'), TARGETS / 2 - 2)
  return name
}

const at = (receiver: Receiver, path: string) => receiver.received.filter((one) => one.path === path)

/** How many requests came for each address: those of an event that came once. */
const countsOf = (receiver: Receiver, data: string) => {
  const counts = new Map<string, number>()
  for (const { path, notification } of receiver.received)
    if (notification.event.data === data) counts.set(path, (counts.get(path) ?? 0) + 1)
  return { addresses: counts.size, requests: [...counts.values()].reduce((sum, count) => sum + count, 0) }
}

test('within a lane, what came before a fan-out is sent before it, and what comes after it after it', async ({
  app,
  receiver,
  subject,
}) => {
  await subscribeMany({ app, receiver, subject })
  await app.subscribe({ addresses: [receiver.url('/all')], subjectFilter: subject })
  const mayAnswer = createGate()
  receiver.decide(async ({ path }) => {
    if (path === '/all') await mayAnswer.opened
    return undefined
  })
  await app.publish({ subject, data: 'before' })
  await receiver.take(1)
  await app.publish({ subject, data: 'large', type: BIG })
  await app.publish({ subject, data: 'after' })
  await receiver.waitFor(() => countsOf(receiver, 'large').requests === TARGETS, 20_000)
  expect(dataOf(at(receiver, '/all'))).toEqual(['before'])
  mayAnswer.open()
  await eventually(() => dataOf(at(receiver, '/all'))).toEqual(['before', 'large', 'after'])
  expect(numbersOf(at(receiver, '/all'))).toEqual([1, 2, 3])
  expect(countsOf(receiver, 'large')).toEqual({ addresses: TARGETS + 1, requests: TARGETS + 1 })
  await eventually(() => storedFanOuts(app.db)).toEqual([])
})

test('a fan-out that does not get on holds up the later events of its series, and nothing else', async ({
  app,
  receiver,
  subject,
}) => {
  await subscribeMany({ app, receiver, subject })
  await app.subscribe({ addresses: [receiver.url('/all')], subjectFilter: subject })
  await refuseTargets(app.db, '/stop')
  const large = await app.publish({ subject, data: 'large', type: BIG })
  await isDispatched(app, large)
  const after = await app.publish({ subject, data: 'after' })
  await app.publish({ subject, data: 'other', seriesId: 'another' })
  await eventually(() => dataOf(at(receiver, '/all'))).toEqual(['other'])
  await isDispatched(app, after)
  const [fanOut, queued] = await storedFanOuts(app.db)
  expect(fanOut?.size).toBe(TARGETS + 1)
  expect(fanOut?.done).toBeLessThan(TARGETS)
  expect(queued).toMatchObject({ size: 1, done: 0, number: 2 })
  expect(await notificationsOf(app, after)).toEqual([])
  expect(await countStuckLanes(app.db)).toBe(0)
  await acceptNotifications(app.db)
  await eventually(() => dataOf(at(receiver, '/all'))).toEqual(['other', 'large', 'after'])
  await receiver.waitFor(() => countsOf(receiver, 'large').requests === TARGETS + 1, 20_000)
  expect(countsOf(receiver, 'large').addresses).toBe(TARGETS + 1)
})

test('subscriptions that an event removes stay until all of its fan-out is settled', async ({
  app,
  receiver,
  subject,
}) => {
  const name = await subscribeMany({ app, receiver, subject })
  await refuseTargets(app.db, '/stop')
  const uuid = await app.publish({ subject, data: 'last', type: BIG, deleteSubscriptionsMatchingSubject: true })
  await eventually(() => isSettledSoFar(app, uuid)).toBe(true)
  expect(await livingSubscriptions(app.db, { subjectFilter: subject })).toEqual([name])
  await acceptNotifications(app.db)
  await eventually(() => livingSubscriptions(app.db, { subjectFilter: subject })).toEqual([])
  expect(await settledOf(app, uuid)).toBe(TARGETS)
})

test('what a fan-out inserts for a subscription that was deleted meanwhile is cancelled: it counts as settled', async ({
  app,
  receiver,
  subject,
}) => {
  const name = await subscribeMany({ app, receiver, subject })
  await app.subscribe({ name: `${subject}-rest`, addresses: [receiver.url('/rest')], subjectFilter: subject })
  await refuseTargets(app.db, '/stop')
  const uuid = await app.publish({ subject, data: 'last', type: BIG, deleteSubscriptionsMatchingSubject: true })
  await eventually(() => isSettledSoFar(app, uuid)).toBe(true)
  await app.client.call('DELETE', `/subscriptions/byName/${name}`)
  await acceptNotifications(app.db)
  await eventually(() => livingSubscriptions(app.db, { subjectFilter: subject })).toEqual([])
  const states = (await notificationsOf(app, uuid)).map(({ state }) => state)
  expect(states).toHaveLength(TARGETS + 1)
  const cancelled = states.filter((state) => state === 'cancelled').length
  expect(cancelled).toBeGreaterThanOrEqual(TARGETS / 2 - 1)
  expect(states.filter((state) => state === 'delivered')).toHaveLength(TARGETS + 1 - cancelled)
  expect(at(receiver, '/rest')).toHaveLength(1)
})

/** Something of the only fan-out is inserted, and all of that is settled. */
async function isSettledSoFar(app: TestApp, uuid: string): Promise<boolean> {
  const [fanOut] = await storedFanOuts(app.db)
  return fanOut !== undefined && fanOut.done > 0 && (await settledOf(app, uuid)) === fanOut.done
}

const settledOf = async (app: TestApp, uuid: string) =>
  (await notificationsOf(app, uuid)).filter(({ state }) => state !== 'waiting').length

describe('processes', () => {
  const processes = createServiceProcesses(() => ({ TIDINGS_CANARY_INTERVAL_S: '0' }))

  test('after kill -9 in the middle of a fan-out the next process goes on: nothing is lost or doubled', async () => {
    const { database, operator } = processes
    const service = await operator.start()
    await operator.subscribe()
    await addWebhooks(database, 'everything', operator.receiver.url('/many'), TARGETS / 2)
    await addWebhooks(database, 'everything', operator.receiver.url('/stop'), 1)
    await addWebhooks(database, 'everything', operator.receiver.url('/others'), TARGETS / 2)
    await refuseTargets(database, '/stop')
    const event = { source: 's', type: 'jobs.A.B', subject: 'x', seriesId: 'x', timestamp: '2026-11-23T10:00:00Z' }
    for (const data of ['large', 'after']) await operator.client.call('POST', '/events/publish', { ...event, data }, {})
    await eventually(async () => (await storedFanOuts(database)).map(({ done }) => done > 0)).toEqual([true, false])
    await service.end('SIGKILL')
    const [held] = await storedFanOuts(database)
    expect(held?.done).toBeLessThan(TARGETS)
    await acceptNotifications(database)
    await operator.start()
    await eventually(() => countNotifications(database)).toEqual({ delivered: 2 * (TARGETS + 2) })
    expect(await storedFanOuts(database)).toEqual([])
    expect(countsOf(operator.receiver, 'after')).toEqual({ addresses: TARGETS + 2, requests: TARGETS + 2 })
    expect(dataOf(at(operator.receiver, '/others/1'))).toEqual(['large', 'after'])
    expect(await countStuckLanes(database)).toBe(0)
    expect(operator.alarms()).toEqual([])
  })
})
