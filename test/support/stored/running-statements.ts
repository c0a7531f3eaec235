import { PUBLISH_LOCKS } from '@tidings/server/db/advisory-locks.ts'
import type { Database } from '@tidings/server/db/database.ts'
import type { Db } from '@tidings/server/db/db.ts'
import { sql, type Sql } from '@tidings/server/db/sql.ts'

/** How many sessions are writing events at the moment. */
export const countPublishesUnderWay = async (db: Db) =>
  (
    await db.query(sql`
    select from pg_stat_activity
    where datname = current_database() and state = 'active' and query like ${'%publish_records%'}
      and pid <> pg_backend_pid()`)
  ).length

/** How many sessions are writing what a queue has delivered at the moment. */
export const countPumpsUnderWay = async (db: Db) =>
  (
    await db.query(sql`
    select from pg_stat_activity
    where datname = current_database() and state = 'active' and query like ${'%pump_records%'}
      and pid <> pg_backend_pid()`)
  ).length

/** Keeps everybody from inserting records of this partition, until the returned function is called. */
export async function holdPublishes(db: Database, partition: number): Promise<() => Promise<void>> {
  const session = await db.reserve()
  await session.query(sql`select pg_advisory_lock(${PUBLISH_LOCKS}::integer, ${partition}::integer)`)
  return async () => {
    await session.query(sql`select pg_advisory_unlock(${PUBLISH_LOCKS}::integer, ${partition}::integer)`)
    session.release('kept')
  }
}

/** Whether it is the statement that writes the outcomes of notifications. */
export const settles = (statement: Sql) => statement.text.includes('settle_notifications(')

/** Whether it is the statement by which delivery looks for cold lanes. */
export const scansLanes = (statement: Sql) => statement.text.includes('recursive pair')
