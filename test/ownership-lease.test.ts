import { randomUUID } from 'node:crypto'
import { createDatabase, type Database } from '@tidings/server/db/database.ts'
import { openInstallation } from '@tidings/server/db/installation.ts'
import { SCHEMA } from '@tidings/server/db/schema.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { createLog } from '@tidings/server/log.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startBreakableWay, type BreakableWay } from './support/breakable-way.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { sharesOf, startOwner } from './support/ownership.ts'
import { eventually } from './support/service-test.ts'

let db: TestDatabase
let way: BreakableWay
let leaseDb: Database

beforeEach(async () => {
  db = await createTestDatabase()
  await openInstallation(db, { partitions: 4, brokerKind: 'database' })
  way = await startBreakableWay(() => db.url)
  const log = createLog({ level: 'silent' })
  leaseDb = createDatabase({ url: () => way.url, schema: SCHEMA, name: 'lease', maxConnections: 1, statementTimeoutMs: 2500, answerTimeoutMs: 4500, log })
})

afterEach(async () => {
  vi.useRealTimers()
  await way.close()
  await leaseDb.close()
  await db.drop()
})

test('a lease that cannot be renewed ends for its owner before others may take over, whatever is done to the clock of the machine', async () => {
  const { ownership, looked, stop } = startOwner(leaseDb)
  await looked
  expect(ownership.isLeaseHeld()).toBe(true)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 })
  expect(ownership.isLeaseHeld(), 'after the clock was put an hour ahead').toBe(true)
  vi.setSystemTime(Date.now() - 7_200_000)
  await way.refuse()
  await eventually(() => ownership.isLeaseHeld()).toBe(false)
  expect(await db.query(sql`select from dispatcher where lease_until > clock_timestamp()`), 'to others it still lives').toHaveLength(1)
  await way.forward()
  await eventually(() => ownership.isLeaseHeld()).toBe(true)
  await stop()
})

test('whoever is cut off from the database lets the broker give its queues to others, and has them again when it is back', async () => {
  const holds: string[] = []
  const hold = (partitions: readonly number[]) => {
    holds.push(partitions.join())
    return Promise.resolve()
  }
  const { stop } = startOwner(leaseDb, { broker: { hold } })
  await eventually(() => holds).toEqual(['0,1,2,3'])
  await way.refuse()
  await eventually(() => holds).toEqual(['0,1,2,3', ''])
  await way.forward()
  await eventually(() => holds).toEqual(['0,1,2,3', '', '0,1,2,3'])
  await stop()
})

test('whoever is cut off from the broker leaves its partitions to those who reach it; when nobody does, all have their share', async () => {
  const cutOff = new Set<string>()
  const owners = ['a', 'b'].map((name) => startOwner(leaseDb, { isCutOff: () => cutOff.has(name) }))
  await eventually(() => sharesOf(db)).toEqual([2, 2])
  cutOff.add('a')
  await eventually(() => sharesOf(db)).toEqual([0, 4])
  expect(owners[0]?.ownership.holding().epochs.size).toBe(0)
  cutOff.add('b')
  await eventually(() => sharesOf(db)).toEqual([2, 2])
  cutOff.clear()
  await Promise.all(owners.map(({ stop }) => stop()))
})

test('an owner whose renewal is on its way when its lease has run out keeps its partitions', async () => {
  const late = randomUUID()
  await db.query(sql`insert into dispatcher (id, address, lease_until) values (${late}, 'late', clock_timestamp() - interval '1 s')`)
  await db.query(sql`update partition set owner = ${late}, epoch = 1`)
  let other: ReturnType<typeof startOwner> | undefined
  await db.transaction(async (renewal) => {
    await renewal.query(sql`update dispatcher set lease_until = clock_timestamp() + interval '1 minute' where id = ${late}`)
    other = startOwner(leaseDb)
    await eventually(() => db.query(sql`select from pg_stat_activity where datname = current_database() and application_name = 'tidings lease' and wait_event_type = 'Lock'`)).toHaveLength(1)
  })
  await other?.looked
  expect(await db.query(sql`select from partition where owner = ${late}`)).toHaveLength(4)
  await other?.stop()
})

test('a dispatcher that others have declared dead goes on under a new name, and gets its share again at new epochs', async () => {
  const owner = startOwner(leaseDb)
  await owner.looked
  const { ownerId, epochs } = owner.ownership.holding()
  await db.query(sql`delete from dispatcher where id = ${ownerId}`)
  await eventually(() => owner.ownership.holding().ownerId).not.toBe(ownerId)
  await eventually(() => owner.ownership.holding().epochs.size).toBe(4)
  for (const [id, epoch] of owner.ownership.holding().epochs) expect(epoch).toBeGreaterThan(epochs.get(id) ?? Infinity)
  await owner.stop()
  expect(await db.query(sql`select from partition where owner is not null`)).toEqual([])
})

test('a partition that nobody claims to read is tried again after a minute, and is as any other if it was not given up again', async () => {
  await db.query(sql`update partition set format = 2 where id = 3`)
  // A minute of this clock is two seconds.
  const owner = startOwner(leaseDb, { format: 1, clock: () => performance.now() * 30 })
  await owner.looked
  expect([...owner.ownership.holding().epochs.keys()]).toEqual([0, 1, 2])
  await eventually(() => [...owner.ownership.holding().epochs.keys()]).toEqual([0, 1, 2, 3])
  expect(await db.query(sql`select format from partition where id = 3`)).toEqual([{ format: 1 }])
  await owner.stop()
})

test('however many join at the same moment, the partitions are spread evenly, and those that are too many wait', async () => {
  const owners = Array.from({ length: 6 }, () => startOwner(db))
  await Promise.all(owners.map(({ looked }) => looked))
  await eventually(() => sharesOf(db)).toEqual([0, 0, 1, 1, 1, 1])
  await Promise.all(owners.slice(1).map(({ stop }) => stop()))
  await eventually(() => sharesOf(db)).toEqual([4])
  await owners[0]?.stop()
})
