import { resolve } from 'node:path'
import type { Config } from './config.ts'
import { createDatabase, type Database } from './db/database.ts'
import { findCluster } from './db/embedded/find-cluster.ts'
import { openInstallation } from './db/installation.ts'
import { locateInstallation } from './db/locate.ts'
import { prepareDatabase } from './db/prepare.ts'
import { UnusableDatabase } from './db/unusable-database.ts'
import { sql } from './db/sql.ts'
import { openEngine, type Engine } from './engine.ts'
import { createDrySeriesTarget, createSeriesTarget, emptySeriesTarget, type SeriesTarget } from './import/series-target.ts'
import { createDryTarget, createTarget, emptyTarget, type Target } from './import/target.ts'
import { createLog } from './log.ts'
import { partitionOf } from './publish/record.ts'

const STATEMENT_LIMIT_MS = 60_000

export interface ImportTargetParts {
  readonly config: Config
  readonly isDryRun: boolean
  /** Aborted when another process takes the data directory over; ends an opening that is under way. */
  readonly stopping: AbortController
}

export interface OpenTarget {
  readonly target: Target
  readonly seriesTarget: SeriesTarget
  close(): Promise<void>
}

/** Opens the database that the service would use, brought to the schema of this release; a dry run leaves it as it is. */
export async function openTarget({ config, isDryRun, stopping }: ImportTargetParts): Promise<OpenTarget> {
  if (isDryRun && config.databaseUrl === undefined && (await findCluster(resolve(config.dataDir))) === undefined) return { ...EMPTY, close: () => Promise.resolve() }
  const log = createLog({ level: 'warn' })
  const engine = await openEngine({ config, log, onLost: () => stopping.abort(new Error('Another process took over the data directory')), signal: stopping.signal })
  try {
    const schema = isDryRun ? await locateInstallation(engine.url()) : await prepareDatabase(engine.url, log)
    if (schema === undefined) return { ...EMPTY, close: () => engine.close() }
    const db = createDatabase({ url: engine.url, schema, name: 'import', maxConnections: 1, statementTimeoutMs: STATEMENT_LIMIT_MS, answerTimeoutMs: STATEMENT_LIMIT_MS + 2000, log })
    return await targetOn(db, { config, isDryRun, engine })
  } catch (error) {
    await engine.close()
    throw error
  }
}

/** A database that is not there yet, or has nothing of ours. */
const EMPTY = { target: emptyTarget, seriesTarget: emptySeriesTarget }

interface TargetParts extends Pick<ImportTargetParts, 'config' | 'isDryRun'> {
  readonly engine: Pick<Engine, 'close'>
}

async function targetOn(db: Database, { config, isDryRun, engine }: TargetParts): Promise<OpenTarget> {
  try {
    if (isDryRun) await refuseOlder(db)
    const targets = isDryRun ? { target: createDryTarget(db), seriesTarget: createDrySeriesTarget(db) }
      : { target: createTarget(db), seriesTarget: createSeriesTarget(db, createPartitioning(db, config)) }
    return {
      ...targets,
      async close() {
        await db.close()
        await engine.close()
      },
    }
  } catch (error) {
    await db.close()
    throw error
  }
}

async function refuseOlder(db: Database): Promise<void> {
  const [tables] = await db.query<{ isRecent: boolean }>(sql`select to_regclass('imported_series') is not null as "isRecent"`)
  if (tables?.isRecent !== true) throw new UnusableDatabase(['its schema is older than this release, and a dry run changes nothing, not even that; run the import without --dry-run, or start the service once'])
}

/** Where a series is numbered. The first counter decides how many partitions there are, as a first start would. */
function createPartitioning(db: Database, config: Config): (key: string) => Promise<number> {
  let partitions: Promise<number> | undefined
  return async (key) => partitionOf(key, await (partitions ??= readPartitions(db, config)))
}

async function readPartitions(db: Database, { partitions, broker }: Config): Promise<number> {
  const [found] = await db.query<{ partitions: number }>(sql`select partition_count as partitions from installation`)
  return (found ?? (await openInstallation(db, { partitions, brokerKind: broker ? 'rabbitmq' : 'database' }))).partitions
}
