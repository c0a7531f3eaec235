import type { RabbitMqNode } from '@tidings/harness/rabbitmq-node.ts'
import { startReceiver } from '@tidings/harness/receiver.ts'
import { insertRecords } from '@tidings/server/broker/inbox.ts'
import { namesOf } from '@tidings/server/broker/rabbitmq/names.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { afterAll, beforeAll, expect, inject, onTestFinished, test as base, vi } from 'vitest'
import { startAppForTest } from './support/app.ts'
import { startBreakableWay } from './support/breakable-way.ts'
import { openPlace, type BrokerPlace, type Member } from './support/broker-place.ts'
import { sharesBecome, sharesOf } from './support/ownership.ts'
import { hasRabbitMq, listed, startOwnRabbitMq } from './support/rabbitmq.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { dataOf, eventually } from './support/service-test.ts'

const test = base.skipIf(!hasRabbitMq)
let node: RabbitMqNode

beforeAll(async () => {
  if (hasRabbitMq) node = await startOwnRabbitMq()
})

afterAll(async () => {
  if (hasRabbitMq) await node.remove()
})

async function open(partitions = 1): Promise<{ place: BrokerPlace; member: Member }> {
  const place = await openPlace({ databaseServer: inject('databaseServer'), brokerUrl: node.url }, { partitions })
  onTestFinished(() => place.close())
  return { place, member: await place.join() }
}

/** How many records a dispatch would have got, had it not failed. */
const offeredInVain = (place: BrokerPlace, { broker }: Member, partition: number): Promise<number> =>
  place.db.transaction(async (tx) => {
    throw new InVain((await broker.take(tx, [partition], 500)).length)
  }).catch((error: unknown) => {
    if (error instanceof InVain) return error.records
    throw error
  })

class InVain extends Error {
  readonly records: number

  constructor(records: number) {
    super('rolled back')
    this.records = records
  }
}

const uuidsOf = (records: readonly { uuid: string }[]) => records.map(({ uuid }) => uuid)

test('a publish into a queue that was deleted is not stored; the queue is made again', async () => {
  const { place, member } = await open(2)
  const record = place.record()
  await node.control('delete_queue', namesOf(place.address.installation.id).queueOf(record.partition))
  await expect(member.broker.publish([record])).rejects.toMatchObject({ outcome: 'not_stored' })
  await eventually(() => member.broker.publish([record]).then(() => 'stored', () => 'not yet')).toBe('stored')
  await member.own()
  await member.dispatchAll(1)
  expect(await place.dispatched()).toEqual([record.uuid])
})

test('a process that holds a queue which is deleted takes from the one that comes after it', async () => {
  const { place, member } = await open()
  await member.own()
  await member.dispatchAll((await member.publish({})).length)
  await node.control('delete_queue', namesOf(place.address.installation.id).queueOf(0))
  const later = await vi.waitFor(() => member.publish({}), { timeout: 20_000, interval: 50 })
  await member.dispatchAll(1)
  expect((await place.dispatched()).slice(1)).toEqual(uuidsOf(later))
})

test('a channel that the broker closes because nothing was acknowledged for too long is opened again, and nothing is lost or reordered', async () => {
  // Only channels that are opened from now on know of it.
  await node.control('eval', 'application:set_env(rabbit, consumer_timeout, 500), application:set_env(rabbit, channel_tick_interval, 200).')
  onTestFinished(() => node.control('eval', 'application:set_env(rabbit, consumer_timeout, 1800000), application:set_env(rabbit, channel_tick_interval, 60000).').then(() => undefined))
  const { place, member } = await open()
  await member.own()
  const published = uuidsOf(await member.publish({}, {}, {}))
  await vi.waitFor(() => expect(member.broker.trouble()).toMatch(/partition 0 cannot be read \(PRECONDITION_FAILED\)/), { timeout: 20_000, interval: 5 })
  await eventually(() => member.broker.trouble()).toBeUndefined()
  await member.dispatchAll(3)
  const later = uuidsOf(await member.publish({}))
  await member.dispatchAll(1)
  expect(await place.dispatched()).toEqual([...published, ...later])
})

test('a partition that goes to and fro while events are published keeps their order', async () => {
  const { place, member } = await open()
  const other = await place.join()
  const published: string[] = []
  const enough = new AbortController()
  const publishing = (async () => {
    while (!enough.signal.aborted) published.push(...uuidsOf(await member.publish({}, {})))
  })()
  for (let turn = 0; turn < 8; turn += 1) {
    const [owner, last] = turn % 2 === 0 ? [member, other] : [other, member]
    await Promise.all([owner.own(), last.broker.hold([])])
    await owner.dispatchAll(15, { limitPerPartition: 5 })
  }
  enough.abort()
  await publishing
  await other.dispatchAll(published.length - (await place.dispatched()).length)
  expect(await place.dispatched()).toEqual(published)
})

test('what is confirmed outlives kill -9 of a node that has only just made its queues, in every one of them', async () => {
  const { place, member } = await open(4)
  const published = await member.publish(...Array.from({ length: 40 }, (_, index) => ({ seriesId: `series ${index}` })))
  expect(new Set(published.map(({ partition }) => partition)).size).toBe(4)
  await node.kill()
  await node.start()
  await member.own()
  await member.dispatchAll(published.length)
  expect(new Set(await place.dispatched())).toEqual(new Set(uuidsOf(published)))
})

/** Of the channel with the most. */
const unacknowledged = async () => Math.max(0, ...(await listed(node, 'list_channels', 'messages_unacknowledged')).map(Number))

/** A message each, in one partition. Answers their uuids. */
async function publishOneByOne(member: Member, count: number): Promise<string[]> {
  const uuids: string[] = []
  for (let message = 0; message < count; message += 1) uuids.push(...uuidsOf(await member.publish({})))
  return uuids
}

test('of a backlog no more than 16 messages are with a process that does not get on', async () => {
  const { place, member } = await open()
  await publishOneByOne(member, 40)
  await member.own()
  await eventually(unacknowledged).toBe(16)
  await member.dispatchAll(40)
  await eventually(unacknowledged).toBe(0)
  expect(await place.dispatched()).toHaveLength(40)
})

test('order outlives an owner of few partitions and then one of many who both lose what they had', async () => {
  const { place, member } = await open(64)
  const { partition } = place.record()
  const published: string[] = []
  for (let count = 1; count <= 20; count += 1) published.push(...uuidsOf(await member.publish({})))
  for (const held of [[partition], Array.from({ length: 64 }, (_, id) => id), [partition]]) {
    const owner = await place.join()
    await owner.broker.hold(held)
    await eventually(() => offeredInVain(place, owner, partition)).toBeGreaterThanOrEqual(2)
    await owner.leave()
  }
  await member.own()
  await member.dispatchAll(20)
  expect(await place.dispatched()).toEqual(published)
})

test('the next owner gets nothing as long as the last one still has messages', async () => {
  const { place, member } = await open()
  const published = await publishOneByOne(member, 40)
  await member.own()
  await eventually(unacknowledged).toBe(16)
  const second = await place.join()
  await second.own()
  const queue = namesOf(place.address.installation.id).queueOf(0)
  await eventually(async () => (await listed(node, 'list_queues', 'name', 'consumers')).includes(`${queue}\t2`)).toBe(true)
  await member.broker.hold([])
  await second.dispatchAll(40)
  expect(await place.dispatched()).toEqual(published)
})

test('after a channel was lost, no more is acknowledged than was committed', async () => {
  const { place, member } = await open()
  const published = await publishOneByOne(member, 20)
  await member.own()
  await eventually(unacknowledged).toBe(16)
  await member.dispatchAll(1, { limitPerPartition: 1 })
  await eventually(unacknowledged).toBe(16)
  await node.control('close_all_connections', 'maintenance')
  await eventually(() => member.broker.trouble()).toBeUndefined()
  await eventually(unacknowledged).toBe(16)
  await member.dispatchAll(2, { limitPerPartition: 1 })
  await eventually(unacknowledged).toBe(16)
  await member.leave()
  const next = await place.join()
  await next.own()
  await next.dispatchAll(17)
  expect(await place.dispatched()).toEqual(published)
})

test('messages that come back again and again are still there', async () => {
  const { place, member } = await open()
  const published = await publishOneByOne(member, 3)
  for (let round = 0; round < 10; round += 1) {
    await member.own()
    await eventually(unacknowledged).toBe(3)
    await member.broker.hold([])
  }
  await member.own()
  await member.dispatchAll(3)
  expect(await place.dispatched()).toEqual(published)
})

test('a record that the inbox does not take is parked as what it was, and does not stop its partition', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const { log, messages } = createRecordingLog()
  const app = await startAppForTest({ env: { BROKER_URL: node.url, TIDINGS_PARTITIONS: '1' }, log })
  await app.subscribe({ addresses: [receiver.url()] })
  // Stands for a content that nobody thought of.
  await app.db.query(sql`
    create function refuse() returns trigger language plpgsql as $$
    begin
      if new.kind = 'event' and new.body like '%deadly%' then
        raise exception 'indigestible' using errcode = '22021';
      end if;
      return new;
    end $$`)
  await app.db.query(sql`create trigger refuse before insert on event for each row execute function refuse()`)
  for (const data of ['a', 'deadly', 'b']) await app.publish({ data })
  expect(dataOf(await receiver.take(2))).toEqual(['a', 'b'])
  const parked = await app.db.query<{ kind: string; body: string; reason: string }>(sql`select kind, body, reason from dead_letter join event using (partition, position)`)
  expect(parked).toMatchObject([{ kind: 'undecodable', reason: 'SQLSTATE 22021: indigestible' }])
  expect(Buffer.from(parked[0]?.body ?? '', 'base64').toString()).toContain('deadly')
  expect(messages).toContain('records parked as dead letters')
})

test('what waits in the inbox goes before a record that the inbox does not take, and is not parked in its place', async () => {
  const { place, member } = await open()
  await member.own()
  const waiting = place.record()
  await insertRecords(place.db, [waiting], false)
  await place.db.query(sql`alter table event add constraint digestible check (body not like '%deadly%')`)
  await member.publish({ data: 'deadly' })
  await eventually(async () => (await listed(node, 'list_channels', 'messages_unacknowledged')).map(Number)).toContain(1)
  expect(await member.dispatch({ limitPerPartition: 1 })).toMatchObject({ records: 1, parked: 0 })
  await expect(member.dispatch({ limitPerPartition: 1 })).rejects.toMatchObject({ code: '23514' })
  expect(await member.dispatch({ limitPerPartition: 1, parkAs: 'indigestible' })).toMatchObject({ records: 1, parked: 1 })
  expect(await place.db.query(sql`select kind from dead_letter join event using (partition, position)`)).toEqual([{ kind: 'undecodable' }])
  expect(await place.db.query(sql`select last_number as "lastNumber" from series`)).toEqual([{ lastNumber: 1 }])
})

test('a dispatcher that alone loses its way to the broker leaves its partitions to the other', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const way = await startBreakableWay(() => node.url)
  onTestFinished(() => way.close())
  const app = await startAppForTest({ env: { BROKER_URL: node.url, TIDINGS_PARTITIONS: '2' } })
  await startAppForTest({ db: app.db, env: { BROKER_URL: way.url, TIDINGS_ROLE: 'dispatcher' } })
  await app.subscribe({ addresses: [receiver.url()] })
  await eventually(() => sharesOf(app.db)).toEqual([1, 1])
  await way.swallow()
  await Promise.all(Array.from({ length: 10 }, (_, index) => app.publish({ seriesId: `series ${index}` })))
  expect(await receiver.take(10, 30_000)).toHaveLength(10)
  await sharesBecome(app.db, [0, 2], performance.now())
  await way.forward()
  await sharesBecome(app.db, [1, 1], performance.now())
})
