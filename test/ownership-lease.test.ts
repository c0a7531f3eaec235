import { randomUUID } from 'node:crypto'
import { createDatabase, type Database } from '@tidings/server/db/database.ts'
import { openInstallation } from '@tidings/server/db/installation.ts'
import { SCHEMA } from '@tidings/server/db/schema-name.ts'
import { createLog } from '@tidings/server/log.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startFaultyProxy, type FaultyProxy } from './support/faulty-proxy.ts'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'
import { startOwner } from './support/partition-shares.ts'
import { eventually } from './support/service-fixtures.ts'
import {
  ownedPartitions,
  partitionOwners,
  readShares,
  removeDispatcher,
  renewLease,
  setPartitionFormat,
  storedPartitions,
  storeLateDispatcher,
  takePartitions,
} from './support/stored-state.ts'
import { sessionsWaitingForLock } from './support/database-sessions.ts'

let db: TestDatabase
let way: FaultyProxy
let leaseDb: Database

beforeEach(async () => {
  db = await createTestDatabase()
  await openInstallation(db, { partitions: 4, brokerKind: 'database' })
  way = await startFaultyProxy(() => db.url)
  const log = createLog({ level: 'silent' })
  leaseDb = createDatabase({
    url: () => way.url,
    schema: SCHEMA,
    name: 'lease',
    maxConnections: 1,
    statementTimeoutMs: 2500,
    answerTimeoutMs: 4500,
    log,
  })
})

afterEach(async () => {
  vi.useRealTimers()
  await way.close()
  await leaseDb.close()
  await db.drop()
})

test('a lease that cannot be renewed ends for its owner before others take over, whatever the clock does', async () => {
  const { ownership, firstPoll, stop } = startOwner(leaseDb)
  await firstPoll
  expect(ownership.isLeaseHeld()).toBe(true)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 })
  expect(ownership.isLeaseHeld(), 'after the clock was put an hour ahead').toBe(true)
  vi.setSystemTime(Date.now() - 7_200_000)
  await way.refuse()
  await eventually(() => ownership.isLeaseHeld()).toBe(false)
  expect(await readShares(db), 'to others it still lives').toHaveLength(1)
  await way.forward()
  await eventually(() => ownership.isLeaseHeld()).toBe(true)
  await stop()
})

test('a dispatcher cut off from the database leaves its queues to others, and gets them back afterwards', async () => {
  const holds: string[] = []
  const hold = (partitions: readonly number[]) => {
    holds.push(partitions.join())
    return Promise.resolve()
  }
  const { stop } = startOwner(leaseDb, { broker: { assign: hold } })
  await eventually(() => holds).toEqual(['0,1,2,3'])
  await way.refuse()
  await eventually(() => holds).toEqual(['0,1,2,3', ''])
  await way.forward()
  await eventually(() => holds).toEqual(['0,1,2,3', '', '0,1,2,3'])
  await stop()
})

test('a dispatcher cut off from the broker leaves its partitions to others; if all are, each has a share', async () => {
  const cutOff = new Set<string>()
  const owners = ['a', 'b'].map((name) => startOwner(leaseDb, { isDisconnected: () => cutOff.has(name) }))
  await eventually(() => readShares(db)).toEqual([2, 2])
  cutOff.add('a')
  await eventually(() => readShares(db)).toEqual([0, 4])
  expect(owners[0]?.ownership.activePartitions().epochs.size).toBe(0)
  cutOff.add('b')
  await eventually(() => readShares(db)).toEqual([2, 2])
  cutOff.clear()
  await Promise.all(owners.map(({ stop }) => stop()))
})

test('an owner whose renewal is in flight when its lease expires keeps its partitions', async () => {
  const late = randomUUID()
  await storeLateDispatcher(db, late)
  await takePartitions(db, late, 1)
  let other: ReturnType<typeof startOwner> | undefined
  await db.transaction(async (renewal) => {
    await renewLease(renewal, late)
    other = startOwner(leaseDb)
    await eventually(() => sessionsWaitingForLock(db, 'tidings lease')).toHaveLength(1)
  })
  await other?.firstPoll
  expect(await partitionOwners(db)).toEqual([late, late, late, late])
  await other?.stop()
})

test('a dispatcher declared dead by others goes on under a new name, with its share at new epochs', async () => {
  const owner = startOwner(leaseDb)
  await owner.firstPoll
  const { ownerId, epochs } = owner.ownership.activePartitions()
  await removeDispatcher(db, ownerId)
  await eventually(() => owner.ownership.activePartitions().ownerId).not.toBe(ownerId)
  await eventually(() => owner.ownership.activePartitions().epochs.size).toBe(4)
  for (const [id, epoch] of owner.ownership.activePartitions().epochs)
    expect(epoch).toBeGreaterThan(epochs.get(id) ?? Infinity)
  await owner.stop()
  expect(await ownedPartitions(db)).toEqual([])
})

test('a partition that no dispatcher can read is tried again after a minute, and is then like any other', async () => {
  await setPartitionFormat(db, 3, 3)
  // A minute of this clock is two seconds.
  const owner = startOwner(leaseDb, { format: 2, clock: () => performance.now() * 30 })
  await owner.firstPoll
  expect([...owner.ownership.activePartitions().epochs.keys()]).toEqual([0, 1, 2])
  await eventually(() => [...owner.ownership.activePartitions().epochs.keys()]).toEqual([0, 1, 2, 3])
  expect((await storedPartitions(db))[3]).toMatchObject({ id: 3, format: 2 })
  await owner.stop()
})

test('however many join at once, the partitions are spread evenly, and surplus dispatchers wait', async () => {
  const owners = Array.from({ length: 6 }, () => startOwner(db))
  await Promise.all(owners.map(({ firstPoll }) => firstPoll))
  await eventually(() => readShares(db)).toEqual([0, 0, 1, 1, 1, 1])
  await Promise.all(owners.slice(1).map(({ stop }) => stop()))
  await eventually(() => readShares(db)).toEqual([4])
  await owners[0]?.stop()
})
