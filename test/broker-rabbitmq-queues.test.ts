import type { RabbitMqNode } from '@tidings/harness/rabbitmq-node.ts'
import { startReceiver } from '@tidings/harness/receiver.ts'
import { queueNamesOf } from '@tidings/server/broker/rabbitmq/queue-names.ts'
import { afterAll, beforeAll, expect, inject, onTestFinished, test as base, vi } from 'vitest'
import { startAppForTest } from './support/test-app.ts'
import { startFaultyProxy } from './support/faulty-proxy.ts'
import { openBrokerTestbed, type BrokerTestbed, type TestbedProcess } from './support/broker-testbed.ts'
import { waitForShares } from './support/partition-shares.ts'
import { hasRabbitMq, listed, startOwnRabbitMq } from './support/test-rabbitmq.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { dataOf, eventually } from './support/service-fixtures.ts'
import {
  countPumpsUnderWay,
  holdPublishes,
  readShares,
  refuseEvents,
  refuseRecords,
  seriesNumbers,
  storedDeadLetters,
} from './support/stored-state.ts'

const test = base.skipIf(!hasRabbitMq)
let node: RabbitMqNode

beforeAll(async () => {
  if (hasRabbitMq) node = await startOwnRabbitMq()
})

afterAll(async () => {
  if (hasRabbitMq) await node.remove()
})

async function open(partitions = 1): Promise<{ place: BrokerTestbed; member: TestbedProcess }> {
  const place = await openBrokerTestbed(
    { databaseServer: inject('databaseServer'), brokerUrl: node.url },
    { partitions },
  )
  onTestFinished(() => place.close())
  return { place, member: await place.addProcess() }
}

const uuidsOf = (records: readonly { uuid: string }[]) => records.map(({ uuid }) => uuid)

test('a publish into a deleted queue is not stored; the queue is declared again', async () => {
  const { place, member } = await open(2)
  const record = place.record()
  await node.rabbitmqctl('delete_queue', queueNamesOf(place.address.installation.id).queueOf(record.partition))
  await expect(member.broker.publish([record])).rejects.toMatchObject({ outcome: 'not_stored' })
  await eventually(() =>
    member.broker.publish([record]).then(
      () => 'stored',
      () => 'not yet',
    ),
  ).toBe('stored')
  await member.takeOver()
  await member.dispatchAll(1)
  expect(await place.dispatched()).toEqual([record.uuid])
})

test('a process whose queue is deleted consumes from the one that replaces it', async () => {
  const { place, member } = await open()
  await member.takeOver()
  await member.dispatchAll((await member.publish({})).length)
  await node.rabbitmqctl('delete_queue', queueNamesOf(place.address.installation.id).queueOf(0))
  const later = await vi.waitFor(() => member.publish({}), { timeout: 20_000, interval: 50 })
  await member.dispatchAll(1)
  expect((await place.dispatched()).slice(1)).toEqual(uuidsOf(later))
})

test('a channel that the broker closes for late acknowledgements is opened again; nothing is lost', async () => {
  // Only channels that are opened from now on know of it.
  await node.rabbitmqctl(
    'eval',
    'application:set_env(rabbit, consumer_timeout, 500), application:set_env(rabbit, channel_tick_interval, 200).',
  )
  onTestFinished(() =>
    node
      .rabbitmqctl(
        'eval',
        'application:set_env(rabbit, consumer_timeout, 1800000), application:set_env(rabbit, channel_tick_interval, 60000).',
      )
      .then(() => undefined),
  )
  const { place, member } = await open()
  await member.broker.assign([0])
  const published = uuidsOf(await member.publish({}, {}, {}))
  await vi.waitFor(
    () => expect(member.broker.problem()).toMatch(/partition 0 cannot be read \(PRECONDITION_FAILED\)/),
    { timeout: 20_000, interval: 5 },
  )
  await eventually(() => member.broker.problem()).toBeUndefined()
  await member.takeOver()
  await member.dispatchAll(3)
  const later = uuidsOf(await member.publish({}))
  await member.dispatchAll(1)
  expect(await place.dispatched()).toEqual([...published, ...later])
})

test('a partition that moves back and forth while events are published keeps their order', async () => {
  const { place, member } = await open()
  const other = await place.addProcess()
  const published: string[] = []
  const enough = new AbortController()
  const publishing = (async () => {
    while (!enough.signal.aborted) published.push(...uuidsOf(await member.publish({}, {})))
  })()
  for (let turn = 0; turn < 8; turn += 1) {
    const [owner, last] = turn % 2 === 0 ? [member, other] : [other, member]
    await Promise.all([owner.takeOver(), last.broker.assign([])])
    await owner.dispatchAll(15, { limitPerPartition: 5 })
  }
  enough.abort()
  await publishing
  await other.dispatchAll(published.length - (await place.dispatched()).length)
  expect(await place.dispatched()).toEqual(published)
})

test('what is confirmed survives kill -9 of a node that has just declared its queues, in each queue', async () => {
  const { place, member } = await open(4)
  const published = await member.publish(...Array.from({ length: 40 }, (_, index) => ({ seriesId: `series ${index}` })))
  expect(new Set(published.map(({ partition }) => partition)).size).toBe(4)
  await node.kill()
  await node.start()
  await member.takeOver()
  await member.dispatchAll(published.length)
  expect(new Set(await place.dispatched())).toEqual(new Set(uuidsOf(published)))
})

/** Of the channel with the most. */
const unacknowledged = async () =>
  Math.max(0, ...(await listed(node, 'list_channels', 'messages_unacknowledged')).map(Number))

/** A message each, in one partition. Returns their uuids. */
async function publishOneByOne(member: TestbedProcess, count: number): Promise<string[]> {
  const uuids: string[] = []
  for (let message = 0; message < count; message += 1) uuids.push(...uuidsOf(await member.publish({})))
  return uuids
}

test('a process that makes no progress holds no more than 16 messages of a backlog', async () => {
  const { place, member } = await open()
  await publishOneByOne(member, 40)
  await member.broker.assign([0])
  await eventually(unacknowledged).toBe(16)
  await member.takeOver()
  await member.dispatchAll(40)
  await eventually(unacknowledged).toBe(0)
  expect(await place.dispatched()).toHaveLength(40)
})

test('order survives an owner of few partitions and then one of many that both lose what they had', async () => {
  const { place, member } = await open(64)
  const { partition } = place.record()
  const published: string[] = []
  for (let count = 1; count <= 20; count += 1) published.push(...uuidsOf(await member.publish({})))
  for (const held of [[partition], Array.from({ length: 64 }, (_, id) => id), [partition]]) {
    const owner = await place.addProcess()
    await owner.broker.assign(held)
    await eventually(unacknowledged).toBe(2)
    await owner.stop()
  }
  await member.takeOver()
  await member.dispatchAll(20)
  expect(await place.dispatched()).toEqual(published)
})

test('the next owner gets nothing as long as the last one still has messages', async () => {
  const { place, member } = await open()
  const published = await publishOneByOne(member, 40)
  await member.broker.assign([0])
  await eventually(unacknowledged).toBe(16)
  const second = await place.addProcess()
  await second.takeOver()
  const queue = queueNamesOf(place.address.installation.id).queueOf(0)
  await eventually(async () => (await listed(node, 'list_queues', 'name', 'consumers')).includes(`${queue}\t2`)).toBe(
    true,
  )
  await member.broker.assign([])
  await second.dispatchAll(40)
  expect(await place.dispatched()).toEqual(published)
})

test('a channel that is lost while its records are inserted brings them again: each is dispatched once', async () => {
  const { place, member } = await open()
  const published = await publishOneByOne(member, 20)
  await member.broker.assign([0])
  await eventually(unacknowledged).toBe(16)
  const release = await holdPublishes(place.db, 0)
  await member.takeOver()
  await eventually(() => countPumpsUnderWay(place.db)).toBe(1)
  await node.rabbitmqctl('close_all_connections', 'maintenance')
  await release()
  await member.dispatchAll(20)
  expect(await place.dispatched()).toEqual(published)
  await eventually(unacknowledged).toBe(0)
})

test('messages that come back again and again are still there', async () => {
  const { place, member } = await open()
  const published = await publishOneByOne(member, 3)
  for (let round = 0; round < 6; round += 1) {
    await member.broker.assign([0])
    await eventually(unacknowledged).toBe(3)
    await member.broker.assign([])
  }
  await member.takeOver()
  await member.dispatchAll(3)
  expect(await place.dispatched()).toEqual(published)
})

test('a record that the inbox rejects is parked as what it was, and does not stop its partition', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const { log, messages } = createRecordingLog()
  const app = await startAppForTest({ env: { BROKER_URL: node.url, TIDINGS_PARTITIONS: '1' }, log })
  await app.subscribe({ addresses: [receiver.url()] })
  // Stands for a content that nobody thought of.
  await refuseEvents(app.db, 'deadly')
  for (const data of ['a', 'deadly', 'b']) await app.publish({ data })
  expect(dataOf(await receiver.take(2))).toEqual(['a', 'b'])
  const parked = await storedDeadLetters(app.db)
  expect(parked).toMatchObject([{ kind: 'undecodable', reason: 'a message that cannot be decoded' }])
  expect(Buffer.from(parked[0]?.body ?? '', 'base64').toString()).toContain('deadly')
  expect(messages).toContain('a record cannot be stored as it is')
  expect(messages).toContain('records parked as dead letters')
})

test('records that the inbox rejects are parked, in their places among many that it takes', async () => {
  const { place, member } = await open()
  await refuseRecords(place.db, 'deadly')
  const data = Array.from({ length: 40 }, (_, index) => (index % 16 === 7 ? `deadly ${index}` : String(index)))
  await member.publish(...data.map((one) => ({ data: one })))
  await member.takeOver()
  await member.dispatchAll(40)
  const parked = await storedDeadLetters(place.db)
  expect(parked.map(({ body }) => /deadly [0-9]+/.exec(Buffer.from(body ?? '', 'base64').toString())?.[0])).toEqual([
    'deadly 7',
    'deadly 23',
    'deadly 39',
  ])
  expect(await seriesNumbers(place.db)).toEqual([37])
})

test('a dispatcher that alone loses its connection to the broker leaves its partitions to the other', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const way = await startFaultyProxy(() => node.url)
  onTestFinished(() => way.close())
  const app = await startAppForTest({ env: { BROKER_URL: node.url, TIDINGS_PARTITIONS: '2' } })
  await startAppForTest({ db: app.db, env: { BROKER_URL: way.url, TIDINGS_ROLE: 'dispatcher' } })
  await app.subscribe({ addresses: [receiver.url()] })
  await eventually(() => readShares(app.db)).toEqual([1, 1])
  await way.blackhole()
  await Promise.all(Array.from({ length: 10 }, (_, index) => app.publish({ seriesId: `series ${index}` })))
  expect(await receiver.take(10, 30_000)).toHaveLength(10)
  await waitForShares(app.db, [0, 2], performance.now())
  await way.forward()
  await waitForShares(app.db, [1, 1], performance.now())
})
