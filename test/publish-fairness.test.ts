import { onTestFinished, expect, test } from 'vitest'
import { hideEvents } from './support/hidden-events.ts'
import { batchItem } from './support/event-batches.ts'
import { eventually } from './support/service-fixtures.ts'
import { sessionsWaitingForLock } from './support/database-sessions.ts'
import { storedData, storedEvents } from './support/stored-state.ts'
import { jobEvent, startAppForTest, type TestApp } from './support/test-app.ts'

/** The largest data of an event, about 1 MiB. */
const LARGE = 'x'.repeat(1_048_000)

interface Answer {
  readonly status: number
  readonly code: string | undefined
}

/** Requests whose answers are counted as they come. */
function startCounting({ client }: TestApp, tenant: string) {
  const answers: Answer[] = []
  const waiting: Promise<unknown>[] = []
  const send = (path: string, body: object) => {
    const answered = client.call('POST', path, body, { 'x-tapis-tenant': tenant }).then((response) => {
      answers.push({ status: response.status, code: response.body?.message.split(' ')[0] })
      return answers.length
    })
    waiting.push(answered)
    return answered
  }
  return {
    answers,
    publish: (data = '{}') => send('/events/publish', jobEvent({ data })),
    publishBatch: (count: number) =>
      send('/events/publishBatch', { events: Array.from({ length: count }, () => batchItem({})) }),
    all: () => Promise.all(waiting),
  }
}

/** Resolves when what was sent before waits in the service: each of these requests takes a way through the database. */
async function settled({ client }: TestApp): Promise<void> {
  for (let number = 0; number < 10; number += 1) await client.call('GET', '/subscriptions')
}

/** A service whose first write, of tenant `dev`, waits until the returned function is called. */
async function startBlocked() {
  const app = await startAppForTest({ env: { TIDINGS_ROLE: 'api' } })
  const unlock = await hideEvents(app, onTestFinished)
  const flood = startCounting(app, 'dev')
  const other = startCounting(app, 'admin')
  void flood.publish()
  await eventually(() => sessionsWaitingForLock(app.db)).toHaveLength(1)
  return { app, unlock, flood, other }
}

test('an event of one tenant passes the thousands of another that came before it', async () => {
  const { app, unlock, flood, other } = await startBlocked()
  for (let number = 0; number < 2; number += 1) void flood.publishBatch(1000)
  await settled(app)
  const answered = other.publish().then(() => flood.answers.length)
  await settled(app)
  await unlock()
  // The write that was on its way, and half of the first batch.
  expect(await answered).toBe(1)
  await flood.all()
  expect([...flood.answers, ...other.answers].map(({ status }) => status)).toEqual(Array(4).fill(200))
})

test('an event of one tenant passes the large ones of another', async () => {
  const { app, unlock, flood, other } = await startBlocked()
  for (let number = 0; number < 14; number += 1) void flood.publish(LARGE)
  await settled(app)
  const answered = other.publish().then(() => flood.answers.length)
  await settled(app)
  await unlock()
  expect(await answered).toBeLessThanOrEqual(5) // that one, and as many as fit into one write
  await flood.all()
  expect(flood.answers.map(({ status }) => status)).toEqual(Array(15).fill(200))
})

test('events of one series keep their order, whatever the turns are', async () => {
  const { app, unlock, flood, other } = await startBlocked()
  const events = Array.from({ length: 1000 }, (_, number) => batchItem({ seriesId: 'one', data: `one ${number}` }))
  const batch = app.client.call('POST', '/events/publishBatch', { events })
  void flood.publishBatch(1000)
  for (let number = 0; number < 20; number += 1) void other.publish()
  await settled(app)
  await unlock()
  expect((await batch).status).toBe(200)
  await Promise.all([flood.all(), other.all()])
  const data = (await storedData(app.db)).filter((text) => text?.startsWith('one '))
  expect(data).toEqual(events.map(({ event }) => event.data))
})

test('what finds no room waits outside, and is stored when there is room', async () => {
  const { app, unlock, flood, other } = await startBlocked()
  // With what a request costs beside its body, 11 fit into half of the room.
  for (let number = 0; number < 15; number += 1) void flood.publish(LARGE)
  await settled(app)
  expect(flood.answers).toEqual([])
  void other.publish(LARGE)
  await unlock()
  await Promise.all([flood.all(), other.all()])
  expect([...flood.answers, ...other.answers].map(({ status }) => status)).toEqual(Array(17).fill(200))
})

test('what finds no room for 3 s gets NTFAPI_BUSY, is not stored, and takes none of another tenant', async () => {
  const { app, unlock, flood, other } = await startBlocked()
  for (let number = 0; number < 24; number += 1) void flood.publish(LARGE)
  const busy = () => flood.answers.filter(({ code }) => code === 'NTFAPI_BUSY').length
  await eventually(busy).toBeGreaterThan(0)
  void other.publish(LARGE)
  await unlock()
  await Promise.all([flood.all(), other.all()])
  expect(other.answers).toEqual([{ status: 200, code: 'NTFAPI_EVENT_POSTED' }])
  expect((await storedEvents(app.db)).length).toBeLessThanOrEqual(26 - busy())
})
