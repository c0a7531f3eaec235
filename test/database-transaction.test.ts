import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openInstallation } from '@tidings/server/db/installation.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { createGate } from './support/stepwise-service.ts'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'

/** With one connection, so that whoever comes next has the connection of whoever was before. */
let db: TestDatabase
let observer: TestDatabase

beforeAll(async () => {
  db = await createTestDatabase({ maxConnections: 1 })
  observer = await createTestDatabase({ isEmpty: true, maxConnections: 1 })
  await openInstallation(db, { partitions: 1, brokerKind: 'database' })
})
afterAll(async () => {
  await db.drop()
  await observer.drop()
})
beforeEach(() => db.query(sql`delete from series`))

const insertRow = () => sql`insert into series (series_key, partition, last_number) values (${randomUUID()}, 0, 1)`
const countRows = async () => (await db.query(sql`select from series`)).length
const backendPid = async () => (await db.query<{ pid: number }>(sql`select pg_backend_pid() as pid`))[0]?.pid
const refused = sql`select 1 / 0`

/** How it ended: its result, or what it was rejected with. */
const outcomeOf = (promise: Promise<unknown>) =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )

test('nothing is written when a statement is refused, even when later ones and the commit go out with it', async () => {
  const pid = await backendPid()
  const writing = db.transaction((tx) => Promise.all([tx.query(refused), tx.query(insertRow()), tx.commit()]))
  await expect(writing).rejects.toThrow('division by zero')
  expect(await countRows()).toBe(0)
  expect(await backendPid()).toBe(pid)
})

test('work that goes on after a refused statement writes nothing, and ends with the first error', async () => {
  const writing = db.transaction(async (tx) => {
    await outcomeOf(tx.query(refused))
    await tx.query(insertRow())
  })
  await expect(writing).rejects.toThrow('division by zero')
  expect(await countRows()).toBe(0)
})

test('a statement that work leaves behind is not sent after the transaction has failed', async () => {
  const gate = createGate()
  let late: Promise<unknown> | undefined
  const writing = db.transaction((tx) => {
    late = outcomeOf(gate.opened.then(() => Promise.all([tx.query(insertRow()), tx.commit()])))
    return tx.query(refused)
  })
  await expect(writing).rejects.toThrow('division by zero')
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
  const writing = db.transaction((tx) => Promise.all([tx.query(insertRow()), tx.query(refused)]))
  await expect(writing).rejects.toThrow('division by zero')
  await expect(db.query(refused)).rejects.toThrow('division by zero')
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
