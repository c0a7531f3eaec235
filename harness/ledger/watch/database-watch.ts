import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { CANARY_TENANT } from '@tidings/server/canary/canary-store.ts'
import { isDatabaseUnavailable } from '@tidings/server/db/database-unavailable.ts'
import type { Db } from '@tidings/server/db/db.ts'
import { embeddedDatabaseUrl } from '@tidings/embedded-postgres/embedded-connection.ts'
import { readPassword } from '@tidings/embedded-postgres/superuser-password.ts'
import { readPostmasterFile } from '@tidings/embedded-postgres/postmaster-file.ts'
import { useInstallationSchema } from '@tidings/server/db/installation-schema.ts'
import { sql, type Sql } from '@tidings/server/db/sql.ts'
import { countStuckLanes } from '@tidings/server/recovery/stuck-lanes.ts'

/** Counting reads whole tables, so it may take a twentieth of the time: it rests 19 times as long as it took. */
const SAMPLE_REST = 19
const [SAMPLE_EVERY_MS, SAMPLE_AT_LEAST_EVERY_MS] = [500, 10_000]
const POLL_MS = 200

/** What is not finished, and what should not exist. */
export interface Leftovers {
  readonly lanes: number
  readonly unsettled: number
  readonly undispatched: number
  readonly removals: number
  readonly deadLetters: number
  /** Given up or cancelled. */
  readonly undelivered: number
  /** Subscriptions that have not ended, without the service's own. */
  readonly active: number
  /** Without the service's own. */
  readonly events: number
  /** Events and ends of series. */
  readonly records: number
}

export interface StuckSamples {
  samples: number
  max: number
}

/** Observes the embedded database from outside, across its restarts. */
export interface DatabaseWatch {
  /** Counts stuck lanes repeatedly until the signal is aborted. */
  sampleStuck(signal: AbortSignal): Promise<void>
  readonly stuck: Readonly<StuckSamples>
  /** Resolves with what is left, once nothing waits and this many records have come, or the signal is aborted. */
  waitUntilQuiet(records: number, signal: AbortSignal): Promise<Leftovers>
  /** Returns the number of partitions. Rejects while the database is away. */
  partitions(): Promise<number>
  /** Returns the partitions of the process with this id; `all` if that is unknown. */
  partitionsOf(pid: number): Promise<ReadonlySet<number> | 'all'>
}

export function createDatabaseWatch(cluster: string): DatabaseWatch {
  const stuck: StuckSamples = { samples: 0, max: 0 }

  return {
    stuck,
    async sampleStuck(signal) {
      while (!signal.aborted) {
        const startedAtMs = performance.now()
        const count = await withDatabase(cluster, countStuckLanes)
        const tookMs = performance.now() - startedAtMs
        if (count !== undefined) {
          stuck.samples += 1
          stuck.max = Math.max(stuck.max, count)
        }
        await delay(Math.min(Math.max(SAMPLE_EVERY_MS, tookMs * SAMPLE_REST), SAMPLE_AT_LEAST_EVERY_MS), undefined, {
          signal,
        }).catch(() => undefined)
      }
    },
    async waitUntilQuiet(records, signal) {
      for (;;) {
        const left =
          signal.aborted || (await withDatabase(cluster, isIdle)) === true
            ? await withDatabase(cluster, readLeftovers)
            : undefined
        if (left && (isQuiet(left, records) || signal.aborted)) return left
        if (!left) signal.throwIfAborted()
        await delay(POLL_MS)
      }
    },
    async partitions() {
      const count = await withDatabase(cluster, countPartitions)
      if (count === undefined) throw new Error('the database is away')
      return count
    },
    async partitionsOf(pid) {
      return (await withDatabase(cluster, (db) => readPartitionsOf(db, pid))) ?? 'all'
    },
  }
}

/**
 * Runs a query over a connection of its own, because the server may end at any moment and come back on another port.
 * Returns undefined while it is away.
 */
async function withDatabase<T>(cluster: string, query: (db: Db) => Promise<T>): Promise<T | undefined> {
  const port = (await readPostmasterFile(cluster))?.port
  if (port === undefined) return undefined
  const client = new pg.Client({
    connectionString: embeddedDatabaseUrl(await readPassword(cluster), port),
    connectionTimeoutMillis: 3000,
    query_timeout: 30_000,
  })
  client.on('error', () => undefined) // the statement that it hits reports it
  try {
    await client.connect()
    await useInstallationSchema(client)
    return await query({ query: async <Row>(statement: Sql) => (await client.query(statement)).rows as Row[] })
  } catch (error) {
    if (!isDatabaseUnavailable(error)) throw error
    return undefined
  } finally {
    await client.end().catch(() => undefined)
  }
}

const isQuiet = ({ lanes, unsettled, undispatched, removals, records: found }: Leftovers, records: number) =>
  lanes + unsettled + undispatched + removals === 0 && found >= records

/** Cheap, so that it can run under load. */
async function isIdle(db: Db): Promise<boolean | undefined> {
  const [row] = await db.query<{ idle: boolean }>(sql`
    select not exists (select from lane)
      and not exists (
        select from partition_cursor join event using (partition)
        where event.position > partition_cursor.position) as idle`)
  return row?.idle
}

async function countPartitions(db: Db): Promise<number | undefined> {
  const [row] = await db.query<{ count: number }>(sql`select partition_count as count from installation`)
  return row?.count
}

/** A dispatcher's address is its host, its process id, and where it listens. */
async function readPartitionsOf(db: Db, pid: number): Promise<ReadonlySet<number>> {
  const rows = await db.query<{ id: number }>(sql`
    select partition.id
    from partition
    join dispatcher on dispatcher.id = partition.owner
    where dispatcher.address like ${`% ${pid} %`}`)
  return new Set(rows.map(({ id }) => id))
}

async function readLeftovers(db: Db): Promise<Leftovers | undefined> {
  const [row] = await db.query<Leftovers>(sql`
    select
      (select count(*)::integer from lane) as lanes,
      (select count(*)::integer from notification where state = 'waiting') as unsettled,
      (select count(*)::integer from partition_cursor join event using (partition)
        where event.position > partition_cursor.position) as undispatched,
      (select count(*)::integer from subject_removal) as removals,
      (select count(*)::integer from dead_letter) as "deadLetters",
      (select count(*)::integer from notification where state in ('given_up', 'cancelled')) as undelivered,
      (select count(*)::integer from subscription where ended is null and tenant <> ${CANARY_TENANT}) as active,
      (select count(*)::integer from event where kind = 'event' and tenant <> ${CANARY_TENANT}) as events,
      (select count(*)::integer from event where tenant <> ${CANARY_TENANT}) as records`)
  return row
}
