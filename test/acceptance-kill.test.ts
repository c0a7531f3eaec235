import { postgresTree } from '@tidings/harness/fleet/postgres-tree.ts'
import type { ServiceProcess } from '@tidings/harness/service-process.ts'
import { deferred } from '@tidings/server/runtime/deferred.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobEvent } from './support/test-app.ts'
import { createOperator, type Operator } from './support/operator.ts'
import { dataOf, eventually, numbersOf } from './support/service-fixtures.ts'

/** One data directory goes through all of this file, so each test starts on what the one before has left. */
let operator: Operator
let service: ServiceProcess

beforeAll(async () => {
  operator = await createOperator()
  service = await operator.start()
  await operator.subscribe()
})
afterAll(() => operator.cleanUp())

const publish = (data: string, headers: Readonly<Record<string, string>> = {}) =>
  operator.client.call('POST', '/events/publish', jobEvent({ data, timestamp: '2026-11-23T10:00:00Z' }), headers)

/** Each notification once, at its first arrival. The same uuid comes with the same bytes. */
function firstArrivals() {
  const bodies = new Map<string, string>()
  return operator.receiver.received.filter(({ notification: { uuid }, rawBody }) => {
    const isFirst = !bodies.has(uuid)
    if (!isFirst) expect(rawBody.toString()).toBe(bodies.get(uuid))
    bodies.set(uuid, rawBody.toString())
    return isFirst
  })
}

test('protocol item 12: an api killed before the commit has not sent 200, and a repetition is one event', async () => {
  const key = { 'idempotency-key': 'of the event that was cut short' }
  expect((await publish('before')).status).toBe(200)
  await operator.receiver.take(1)
  const stopped = await postgresTree(await service.postgresPid())
  for (const pid of stopped) process.kill(pid, 'SIGSTOP')
  try {
    const cut = publish('cut short', key).then(
      ({ status }) => status,
      () => 'no answer',
    )
    // Nothing can be committed: readiness says so, and the event waits for its write.
    await eventually(async () => (await operator.readiness()).status).toBe(503)
    service.signal('SIGKILL')
    await service.ended
    expect(await cut).not.toBe(200)
  } finally {
    for (const pid of stopped) process.kill(pid, 'SIGCONT')
  }
  service = await operator.start()
  expect((await publish('cut short', key)).status).toBe(200)
  expect((await publish('after')).status).toBe(200)
  await operator.receiver.waitFor((received) => dataOf(received).includes('after'), 20_000)
  expect(dataOf(firstArrivals())).toEqual(['before', 'cut short', 'after'])
  expect(numbersOf(firstArrivals())).toEqual([1, 2, 3])
})

test('protocol item 12: a dispatcher killed between delivery and commit sends the same again, first', async () => {
  const worker = service
  const received = deferred()
  operator.receiver.decide(async ({ notification }) => {
    if (notification.event.data === 'delivered') received.resolve()
    // The receiver has it, and nobody will ever read the response. The next dispatcher gets its responses at once.
    await worker.ended
    return undefined
  })
  for (const data of ['delivered', 'later']) expect((await publish(data)).status).toBe(200)
  await received.promise
  worker.signal('SIGKILL')
  await worker.ended
  service = await operator.start()
  await operator.receiver.waitFor((received) => dataOf(received).includes('later'), 20_000)
  expect(dataOf(operator.receiver.received).filter((data) => data === 'delivered')).toHaveLength(2)
  expect(dataOf(firstArrivals())).toEqual(['before', 'cut short', 'after', 'delivered', 'later'])
  expect(numbersOf(firstArrivals())).toEqual([1, 2, 3, 4, 5])
})

test('protocol item 12: kill -9 during publishes: all acknowledged arrive in order, duplicates by uuid', async () => {
  const earlier = firstArrivals().length
  const acknowledged: string[] = []
  await Promise.all(
    Array.from({ length: 100 }, async (_, n) => {
      const answer = await operator.client
        .call('POST', '/events/publish', jobEvent({ data: `burst ${n}`, seriesId: `series ${n % 10}` }))
        .catch(() => undefined)
      if (answer?.status === 200) acknowledged.push(`burst ${n}`)
      if (acknowledged.length === 20) service.signal('SIGKILL')
    }),
  )
  await service.ended
  service = await operator.start()
  expect(acknowledged.length).toBeGreaterThanOrEqual(20)
  await operator.receiver.waitFor((received) => acknowledged.every((data) => dataOf(received).includes(data)), 20_000)
  const arrivals = firstArrivals().slice(earlier)
  for (let series = 0; series < 10; series += 1) {
    const numbers = numbersOf(arrivals.filter(({ notification }) => notification.event.seriesId === `series ${series}`))
    expect(numbers).toEqual(numbers.map((_, at) => at + 1))
  }
})
