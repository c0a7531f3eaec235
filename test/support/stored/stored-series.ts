import { randomUUID } from 'node:crypto'
import type { Db } from '@tidings/server/db/db.ts'
import { sql } from '@tidings/server/db/sql.ts'

const numbersOf = (rows: readonly { number: number }[]) => rows.map(({ number }) => number)

/** The last number of each series, the smallest first. */
export const seriesNumbers = async (db: Db) =>
  numbersOf(await db.query<{ number: number }>(sql`select last_number as number from series order by 1`))

/** The same of the series whose counter was imported. */
export const importedSeriesNumbers = async (db: Db) =>
  numbersOf(
    await db.query<{ number: number }>(
      sql`select last_number as number from series join imported_series using (series_key) order by 1`,
    ),
  )

/** Has all series be used so many days earlier than they were. */
export const ageSeries = (db: Db, days: number) =>
  db.query(sql`update series set used = used - ${days} * interval '1 day'`)

/** Stores a series that nobody used for 500 days: retention forgets it. */
export const storeIdleSeries = (db: Db, key: string = randomUUID()) =>
  db.query(sql`
    insert into series (series_key, partition, last_number, used)
    values (${key}, 0, 1, now() - interval '500 days')`)

/** Stores series that somebody has just used, all before those whose key begins with `f`. */
export const storeUsedSeries = (db: Db, count: number) =>
  db.query(sql`
    insert into series (series_key, partition, last_number)
    select overlay(gen_random_uuid()::text placing '0' from 1)::uuid, 0, 1
    from generate_series(1, ${count}::integer)`)
