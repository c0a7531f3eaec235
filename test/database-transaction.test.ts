import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { fencedTransaction, isLostOwnership } from '@tidings/server/db/fence.ts'
import { openInstallation } from '@tidings/server/db/installation.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { eventually } from './support/service-fixtures.ts'
import { createGate } from './support/stepwise-service.ts'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'

const PARTITIONS = [0, 1]
const ownerId = randomUUID()
const owned = { ownerId, epochs: new Map(PARTITIONS.map((id) => [id, 7])) }

/** With one connection, so that whoever comes next has the connection of whoever was before. */
let db: TestDatabase
let observer: TestDatabase

beforeAll(async () => {
  db = await createTestDatabase({ maxConnections: 1 })
  observer = await createTestDatabase({ isEmpty: true, maxConnections: 1 })
  await openInstallation(db, { partitions: PARTITIONS.length, brokerKind: 'database' })
})
afterAll(async () => {
  await db.drop()
  await observer.drop()
})
beforeEach(async () => {
  await db.query(sql`update partition set owner = ${ownerId}, epoch = 7`)
  await db.query(sql`delete from series`)
})

const insertRow = () => sql`insert into series (series_key, partition, last_number) values (${randomUUID()}, 0, 1)`
const countRows = async () => (await db.query(sql`select from series`)).length
const backendPid = async () => (await db.query<{ pid: number }>(sql`select pg_backend_pid() as pid`))[0]?.pid
const loseOwnership = () => db.query(sql`update partition set epoch = 8 where id = 1`)

/** States of the sessions of `db`. */
const sessionStates = () =>
  observer.query(sql`select state from pg_stat_activity where datname = ${new URL(db.url).pathname.slice(1)}`)

/** How it ended: its result, or what it was rejected with. */
const outcomeOf = (promise: Promise<unknown>) =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )

test('a fenced transaction writes what its work sends while the partitions are ours', async () => {
  expect(await fencedTransaction(db, owned, PARTITIONS, (tx) => tx.query(insertRow()))).toEqual([])
  expect(await countRows()).toBe(1)
})

test('nothing is written when the fence rejects, even when statements and commit go out with it', async () => {
  await loseOwnership()
  const pid = await backendPid()
  const writing = fencedTransaction(db, owned, PARTITIONS, (tx) => Promise.all([tx.query(insertRow()), tx.commit()]))
  await expect(writing).rejects.toSatisfy(isLostOwnership)
  expect(await countRows()).toBe(0)
  expect(await backendPid()).toBe(pid)
})

test('a partition whose epoch is not known is rejected like one that was lost', async () => {
  const writing = fencedTransaction(db, { ownerId, epochs: new Map() }, [0], (tx) => tx.query(insertRow()))
  await expect(writing).rejects.toSatisfy(isLostOwnership)
  expect(await countRows()).toBe(0)
})

test('work that waits for something else sends its statement into the rejected transaction, not after it', async () => {
  await loseOwnership()
  const gate = createGate()
  const writing = outcomeOf(
    fencedTransaction(db, owned, PARTITIONS, async (tx) => {
      await gate.opened
      await tx.query(insertRow())
    }),
  )
  await eventually(sessionStates).toEqual([{ state: 'idle in transaction (aborted)' }])
  gate.open()
  expect(await writing).toSatisfy(({ error }: { error: unknown }) => isLostOwnership(error))
  expect(await countRows()).toBe(0)
})

test('a statement that work leaves behind is not sent after the fence rejected', async () => {
  await loseOwnership()
  const gate = createGate()
  let late: Promise<unknown> | undefined
  const writing = fencedTransaction(db, owned, PARTITIONS, (tx) => {
    late = outcomeOf(gate.opened.then(() => Promise.all([tx.query(insertRow()), tx.commit()])))
    return tx.query(insertRow())
  })
  await expect(writing).rejects.toSatisfy(isLostOwnership)
  gate.open()
  expect(await late).toMatchObject({ error: { message: 'a statement after the end of its transaction' } })
  expect(await countRows()).toBe(0)
})

test('a statement after the commit was sent is rejected and not written', async () => {
  const writing = db.transaction((tx) => Promise.all([tx.query(insertRow()), tx.commit(), tx.query(insertRow())]))
  await expect(writing).rejects.toThrow('a statement after the end of its transaction')
  expect(await countRows()).toBe(1)
})

test('an error that is not from the database rolls back and keeps the connection', async () => {
  const pid = await backendPid()
  const rejection = new Error('too many')
  const writing = db.transaction(async (tx) => {
    await tx.query(insertRow())
    throw rejection
  })
  await expect(writing).rejects.toBe(rejection)
  expect(await countRows()).toBe(0)
  expect(await backendPid()).toBe(pid)
})

test('an ordinary error of the server rolls back and keeps the connection', async () => {
  const pid = await backendPid()
  const writing = db.transaction((tx) => Promise.all([tx.query(insertRow()), tx.query(sql`select 1 / 0`)]))
  await expect(writing).rejects.toThrow('division by zero')
  await expect(db.query(sql`select 1 / 0`)).rejects.toThrow('division by zero')
  expect(await countRows()).toBe(0)
  expect(await backendPid()).toBe(pid)
})

test('a connection that is lost in a transaction is replaced', async () => {
  const pid = await backendPid()
  const writing = db.transaction(async (tx) => {
    await tx.query(insertRow())
    await observer.query(sql`select pg_terminate_backend(${pid}, 10000)`)
    await tx.query(insertRow())
  })
  await expect(writing).rejects.toThrow()
  expect(await countRows()).toBe(0)
  expect(await backendPid()).not.toBe(pid)
})
