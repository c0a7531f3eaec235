import { afterAll, beforeAll, expect, test } from 'vitest'
import { openCursor } from '@tidings/server/db/query-cursor.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'
import { eventually } from './support/service-fixtures.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase({ isEmpty: true, maxConnections: 2 })
})
afterAll(() => db.drop())

interface Number {
  readonly n: number
}

const numbers = (last: number) => sql`select n from generate_series(${1}::integer, ${last}::integer) as n order by n`

/** Connections of the pool that have something open, by their state; the one that asks is not among them. */
const sessions = () =>
  db.query<{ state: string; pins: boolean }>(sql`
  select state, backend_xmin is not null as pins
  from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid()`)

const cursors = () => db.query(sql`select name from pg_cursors`)

test('all rows come, in pieces, and the connection is returned as it was', async () => {
  const cursor = await openCursor<Number>(db, numbers(1001))
  const sizes: number[] = []
  const all: number[] = []
  for (let rows = await cursor.next(); rows.length > 0; rows = await cursor.next()) {
    sizes.push(rows.length)
    all.push(...rows.map(({ n }) => n))
  }
  expect(sizes).toEqual([500, 500, 1])
  expect(all).toEqual(Array.from({ length: 1001 }, (_, index) => index + 1))
  expect(await cursor.next()).toEqual([])
  cursor.close()
  expect([await cursors(), await cursors(), await cursors()]).toEqual([[], [], []])
})

test('between two fetches there is no transaction and nothing that holds back vacuum', async () => {
  const cursor = await openCursor<Number>(db, numbers(1001))
  await cursor.next()
  await eventually(sessions).toEqual([{ state: 'idle', pins: false }])
  cursor.close()
  cursor.close()
})

test('a cursor that is closed early ends its connection, and frees its place', async () => {
  for (let round = 0; round < 5; round += 1) (await openCursor(db, numbers(1001))).close()
  await eventually(sessions).toEqual([])
  expect(await cursors()).toEqual([])
})

test('after a close in the middle nothing more comes, and a fetch in progress does no harm', async () => {
  const cursor = await openCursor(db, numbers(1001))
  const fetching = cursor.next()
  cursor.close()
  await Promise.allSettled([fetching])
  await expect(cursor.next()).rejects.toThrow('closed')
  await eventually(sessions).toEqual([])
})

test('a statement that fails returns its connection', async () => {
  for (let round = 0; round < 5; round += 1)
    await expect(openCursor(db, sql`select 1 / ${0}::integer`)).rejects.toThrow('division by zero')
  await eventually(sessions).toEqual([])
})
