import { resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { createDatabase, type Database } from '../db/database.ts'
import { findCluster } from '@tidings/embedded-postgres/find-cluster.ts'
import { openInstallation } from '../db/installation.ts'
import { locateInstallation } from '../db/locate-installation.ts'
import { prepareDatabase } from '../db/prepare-database.ts'
import { UnusableDatabase } from '../db/unusable-database.ts'
import { sql } from '../db/sql.ts'
import { openPostgres, type Postgres } from './postgres.ts'
import {
  createDrySeriesTarget,
  createSeriesTarget,
  emptySeriesTarget,
  type SeriesTarget,
} from '../import/series-target.ts'
import {
  createDrySubscriptionTarget,
  createSubscriptionTarget,
  emptySubscriptionTarget,
  type SubscriptionTarget,
} from '../import/subscription-target.ts'
import { createLog } from '../log.ts'
import { partitionOf } from '../publish/record.ts'

const STATEMENT_LIMIT_MS = 60_000

export interface ImportTargetDeps {
  readonly config: Config
  readonly isDryRun: boolean
  /** Aborted when another process takes the data directory over; ends an opening that is under way. */
  readonly stopping: AbortController
}

export interface ImportTarget {
  readonly target: SubscriptionTarget
  readonly seriesTarget: SeriesTarget
  close(): Promise<void>
}

/**
 * Opens the database that the service would use, brought to the schema of this release; a dry run leaves it as it is.
 */
export async function openImportTarget({ config, isDryRun, stopping }: ImportTargetDeps): Promise<ImportTarget> {
  if (isDryRun && config.databaseUrl === undefined && (await findCluster(resolve(config.dataDir))) === undefined)
    return { ...EMPTY_TARGETS, close: () => Promise.resolve() }
  const log = createLog({ level: 'warn' })
  const postgres = await openPostgres({
    config,
    log,
    onLost: () => stopping.abort(new Error('Another process took over the data directory')),
    signal: stopping.signal,
  })
  try {
    const schema = isDryRun ? await locateInstallation(postgres.url()) : await prepareDatabase(postgres.url, log)
    if (schema === undefined) return { ...EMPTY_TARGETS, close: () => postgres.close() }
    const db = createDatabase({
      url: postgres.url,
      schema,
      name: 'import',
      maxConnections: 1,
      statementTimeoutMs: STATEMENT_LIMIT_MS,
      answerTimeoutMs: STATEMENT_LIMIT_MS + 2000,
      log,
    })
    return await createImportTarget(db, { config, isDryRun, postgres })
  } catch (error) {
    await postgres.close()
    throw error
  }
}

/** A database that is not there yet, or has nothing of ours. */
const EMPTY_TARGETS = { target: emptySubscriptionTarget, seriesTarget: emptySeriesTarget }

interface TargetDeps extends Pick<ImportTargetDeps, 'config' | 'isDryRun'> {
  readonly postgres: Pick<Postgres, 'close'>
}

async function createImportTarget(db: Database, { config, isDryRun, postgres }: TargetDeps): Promise<ImportTarget> {
  try {
    if (isDryRun) await rejectOlderSchema(db)
    const targets = isDryRun
      ? { target: createDrySubscriptionTarget(db), seriesTarget: createDrySeriesTarget(db) }
      : { target: createSubscriptionTarget(db), seriesTarget: createSeriesTarget(db, createPartitioning(db, config)) }
    return {
      ...targets,
      async close() {
        await db.close()
        await postgres.close()
      },
    }
  } catch (error) {
    await db.close()
    throw error
  }
}

async function rejectOlderSchema(db: Database): Promise<void> {
  const [tables] = await db.query<{ isRecent: boolean }>(
    sql`select to_regclass('imported_series') is not null as "isRecent"`,
  )
  if (tables?.isRecent !== true)
    throw new UnusableDatabase([
      'its schema is older than this release, and a dry run changes nothing, not even that; ' +
        'run the import without --dry-run, or start the service once',
    ])
}

/** Where a series is numbered. The first counter decides how many partitions there are, as a first start would. */
function createPartitioning(db: Database, config: Config): (key: string) => Promise<number> {
  let partitions: Promise<number> | undefined
  return async (key) => partitionOf(key, await (partitions ??= readPartitions(db, config)))
}

async function readPartitions(db: Database, { partitions, broker }: Config): Promise<number> {
  const [found] = await db.query<{ partitions: number }>(sql`select partition_count as partitions from installation`)
  return (found ?? (await openInstallation(db, { partitions, brokerKind: broker ? 'rabbitmq' : 'database' })))
    .partitions
}
