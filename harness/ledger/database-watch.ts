import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { CANARY_TENANT } from '@tidings/server/canary/store.ts'
import { isDatabaseAway } from '@tidings/server/db/database-away.ts'
import type { Db } from '@tidings/server/db/database.ts'
import { urlOf } from '@tidings/server/db/embedded/connection.ts'
import { readPassword } from '@tidings/server/db/embedded/password.ts'
import { readPostmasterFile } from '@tidings/server/db/embedded/postmaster-file.ts'
import { sql, type Sql } from '@tidings/server/db/sql.ts'
import { countStuckLanes } from '@tidings/server/recovery/stuck-lanes.ts'

const SAMPLE_EVERY_MS = 500
const LOOK_EVERY_MS = 200

/** What is not finished, and what should not be there. */
export interface Leftovers {
  readonly lanes: number
  readonly unsettled: number
  readonly undispatched: number
  readonly removals: number
  readonly deadLetters: number
  /** Given up or cancelled. */
  readonly undelivered: number
  /** Subscriptions that have not ended, without the service's own. */
  readonly living: number
  /** Without the service's own. */
  readonly events: number
}

export interface StuckSamples {
  samples: number
  most: number
}

/** Looks at the embedded database from outside, over its restarts. */
export interface DatabaseWatch {
  /** Counts stuck lanes again and again until the signal. */
  sampleStuck(signal: AbortSignal): Promise<void>
  readonly stuck: Readonly<StuckSamples>
  /** Resolves with what is left once nothing waits any more, or at the signal. */
  quiet(signal: AbortSignal): Promise<Leftovers>
}

export function createDatabaseWatch(cluster: string): DatabaseWatch {
  const stuck: StuckSamples = { samples: 0, most: 0 }

  return {
    stuck,
    async sampleStuck(signal) {
      while (!signal.aborted) {
        const count = await look(cluster, countStuckLanes)
        if (count !== undefined) {
          stuck.samples += 1
          stuck.most = Math.max(stuck.most, count)
        }
        await delay(SAMPLE_EVERY_MS, undefined, { signal }).catch(() => undefined)
      }
    },
    async quiet(signal) {
      for (;;) {
        const left = await look(cluster, readLeftovers)
        if (left && (isQuiet(left) || signal.aborted)) return left
        if (!left) signal.throwIfAborted()
        await delay(LOOK_EVERY_MS)
      }
    },
  }
}

/** A connection for each look, because the server may go at any moment and come back on another port. Undefined while it is away. */
async function look<T>(cluster: string, query: (db: Db) => Promise<T>): Promise<T | undefined> {
  const port = (await readPostmasterFile(cluster))?.port
  if (port === undefined) return undefined
  const client = new pg.Client({ connectionString: urlOf(await readPassword(cluster), port), connectionTimeoutMillis: 3000, query_timeout: 30_000 })
  client.on('error', () => undefined) // the statement that it hits reports it
  try {
    await client.connect()
    return await query({ query: async <Row>(statement: Sql) => (await client.query(statement)).rows as Row[] })
  } catch (error) {
    if (!isDatabaseAway(error)) throw error
    return undefined
  } finally {
    await client.end().catch(() => undefined)
  }
}

const isQuiet = ({ lanes, unsettled, undispatched, removals }: Leftovers) => lanes + unsettled + undispatched + removals === 0

async function readLeftovers(db: Db): Promise<Leftovers | undefined> {
  const [row] = await db.query<Leftovers>(sql`
    select
      (select count(*)::integer from lane) as lanes,
      (select count(*)::integer from notification where state = 'waiting') as unsettled,
      (select count(*)::integer from partition_cursor join event using (partition) where event.position > partition_cursor.position) as undispatched,
      (select count(*)::integer from subject_removal) as removals,
      (select count(*)::integer from dead_letter) as "deadLetters",
      (select count(*)::integer from notification where state in ('given_up', 'cancelled')) as undelivered,
      (select count(*)::integer from subscription where ended is null and tenant <> ${CANARY_TENANT}) as living,
      (select count(*)::integer from event where kind = 'event' and tenant <> ${CANARY_TENANT}) as events`)
  return row
}
