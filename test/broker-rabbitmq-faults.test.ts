import type { RabbitMqNode } from '@tidings/harness/rabbitmq-node.ts'
import { startReceiver, type Receiver } from '@tidings/harness/receiver.ts'
import { insertOwnedRecords, insertRecords } from '@tidings/server/broker/inbox.ts'
import { queueNamesOf } from '@tidings/server/broker/rabbitmq/queue-names.ts'
import { hashKey } from '@tidings/server/db/hash-key.ts'
import { isLostOwnership } from '@tidings/server/db/fence.ts'
import { partitionOf } from '@tidings/server/publish/record.ts'
import { required } from '@tidings/server/runtime/required.ts'
import { afterAll, beforeAll, expect, inject, onTestFinished, test as base } from 'vitest'
import { openBrokerTestbed } from './support/broker-testbed.ts'
import { restartLeader, stopLeader } from './support/leaderless-queue.ts'
import { dataOf, eventually } from './support/service-fixtures.ts'
import { holdPublishes, storedEvents, storedInstallation } from './support/stored-state.ts'
import { startAppForTest, tryToPublish, type TestApp } from './support/test-app.ts'
import { hasRabbitMq, startOwnRabbitMq } from './support/test-rabbitmq.ts'

/** Faults of one partition: the others must not notice. */

const test = base.skipIf(!hasRabbitMq)
let node: RabbitMqNode

beforeAll(async () => {
  if (hasRabbitMq) node = await startOwnRabbitMq()
})

afterAll(async () => {
  if (hasRabbitMq) await node.remove()
})

const PARTITIONS = 3

/** A service with three partitions, and what comes out of it. */
async function open(): Promise<{ app: TestApp; receiver: Receiver; queueOf: (partition: number) => string }> {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const app = await startAppForTest({ env: { BROKER_URL: node.url, TIDINGS_PARTITIONS: String(PARTITIONS) } })
  await app.subscribe({ addresses: [receiver.url()] })
  return { app, receiver, queueOf: queueNamesOf((await storedInstallation(app.db)).id).queueOf }
}

/** An event in each of these partitions, by the subject and source that `publish` gives. */
function seriesIn(partition: number): string {
  const names = Array.from({ length: 100 }, (_, index) => `series ${index}`)
  return required(
    names.find((name) => partitionOf(hashKey('dev', 'source', 'subject', name), PARTITIONS) === partition),
    'a series of the partition',
  )
}

const eventIn = (partition: number, data: string) => ({
  source: 'source',
  subject: 'subject',
  seriesId: seriesIn(partition),
  data,
})

async function readiness({ client }: TestApp): Promise<{ status: number; message: string }> {
  const { status, body } = await client.call('GET', '/readycheck')
  return { status, message: body?.message ?? '' }
}

/** Publishes to the partitions that have no fault, many times, and expects that all of it arrives soon. */
async function expectOthersWork(app: TestApp, receiver: Receiver, label: string): Promise<void> {
  const names = Array.from({ length: 5 }, (_, index) => `${label} ${index}`)
  for (const name of names) {
    const answers = await Promise.all([1, 2].map((partition) => tryToPublish(app, eventIn(partition, name))))
    for (const { status, ms } of answers) {
      expect(status).toBe(200)
      expect(ms).toBeLessThan(2000)
    }
  }
  expect(dataOf(await receiver.take(10)).sort()).toEqual(names.flatMap((name) => [name, name]).sort())
}

test('a queue without a leader holds up its own partition only, and readycheck names it', async () => {
  const { app, receiver, queueOf } = await open()
  await app.publish(eventIn(0, 'before'))
  expect(dataOf(await receiver.take(1))).toEqual(['before'])
  await stopLeader(node, queueOf(0))
  const refused = tryToPublish(app, eventIn(0, 'refused'))
  await expectOthersWork(app, receiver, 'published beside it')
  expect((await refused).status).toBe(503)
  expect((await refused).ms).toBeLessThan(5000)
  await eventually(async () => {
    await tryToPublish(app, eventIn(0, 'refused as well'))
    return readiness(app)
  }).toMatchObject({
    status: 503,
    message: expect.stringContaining('partition 0 cannot be written') as string,
  })
  // Whoever begins to consume such a queue loses the connection.
  await node.rabbitmqctl('close_all_connections', 'maintenance')
  await eventually(() => readiness(app)).toMatchObject({
    status: 503,
    message: expect.stringContaining('partition 0 cannot be read (INTERNAL_ERROR)') as string,
  })
  await eventually(() => tryToPublish(app, eventIn(1, 'the connections are back'))).toMatchObject({ status: 200 })
  expect(dataOf(await receiver.take(1))).toEqual(['the connections are back'])
  await expectOthersWork(app, receiver, 'consumed beside it')
  await restartLeader(node, queueOf(0))
  await eventually(() => tryToPublish(app, eventIn(0, 'after'))).toMatchObject({ status: 200 })
  await eventually(() => dataOf(receiver.received)).toContain('after')
  await eventually(() => readiness(app)).toMatchObject({ status: 200 })
})

test('a partition whose records cannot be inserted holds up nobody else, and readycheck names it', async () => {
  const { app, receiver } = await open()
  const release = await holdPublishes(app.db, 0)
  await app.publish(eventIn(0, 'held'))
  await eventually(() => readiness(app)).toMatchObject({
    status: 503,
    message: expect.stringContaining('partition 0 cannot be stored (55P03)') as string,
  })
  await expectOthersWork(app, receiver, 'beside it')
  await release()
  expect(dataOf(await receiver.take(1))).toEqual(['held'])
  await eventually(() => readiness(app)).toMatchObject({ status: 200 })
})

async function openBed() {
  const place = await openBrokerTestbed(
    { databaseServer: inject('databaseServer'), brokerUrl: node.url },
    { partitions: 1 },
  )
  onTestFinished(() => place.close())
  return { place, member: await place.addProcess() }
}

test('a process that has lost a partition inserts nothing', async () => {
  const { place, member } = await openBed()
  await member.takeOver()
  const { owned } = member.request()
  await insertOwnedRecords(place.db, owned, [place.record({ data: 'ours' })])
  await (await place.addProcess()).takeOver()
  const late = insertOwnedRecords(place.db, owned, [place.record({ data: 'not ours' })])
  expect(await late.catch(isLostOwnership)).toBe(true)
  expect(await storedEvents(place.db)).toHaveLength(1)
})

test('what was inserted and never acknowledged, because its process ended in between, is there once', async () => {
  const { place, member } = await openBed()
  const published = await member.publish({}, {}, {})
  await insertRecords(place.db, published.slice(0, 2), false)
  await member.takeOver()
  await member.dispatchAll(3)
  expect(await place.dispatched()).toEqual(published.map(({ uuid }) => uuid))
  expect((await member.dispatch()).records).toBe(0)
})
