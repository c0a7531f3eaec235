import { resolve } from 'node:path'
import type { Config } from './config.ts'
import { createDatabase, type Database } from './db/database.ts'
import { findCluster } from './db/embedded/find-cluster.ts'
import { checkDurability } from './db/installation.ts'
import { migrate, UnusableDatabase } from './db/migrate.ts'
import { sql } from './db/sql.ts'
import { openEngine } from './engine.ts'
import { createDryTarget, createTarget, emptyTarget, type Target } from './import/target.ts'
import { createLog } from './log.ts'

const STATEMENT_LIMIT_MS = 60_000

export interface ImportTargetParts {
  readonly config: Config
  readonly isDryRun: boolean
  /** Aborted when another process takes the data directory over; ends an opening that is under way. */
  readonly stopping: AbortController
}

export interface OpenTarget {
  readonly target: Target
  close(): Promise<void>
}

/** Opens the database that the service would use, brought to the schema of this release; a dry run leaves it as it is. */
export async function openTarget({ config, isDryRun, stopping }: ImportTargetParts): Promise<OpenTarget> {
  if (isDryRun && config.databaseUrl === undefined && (await findCluster(resolve(config.dataDir))) === undefined) return { target: emptyTarget, close: () => Promise.resolve() }
  const log = createLog({ level: 'warn' })
  const engine = await openEngine({ config, log, onLost: () => stopping.abort(new Error('Another process took over the data directory')), signal: stopping.signal })
  const db = createDatabase({ url: engine.url, name: 'import', maxConnections: 1, statementTimeoutMs: STATEMENT_LIMIT_MS, answerTimeoutMs: STATEMENT_LIMIT_MS + 2000, log })
  const close = async () => {
    await db.close()
    await engine.close()
  }
  try {
    if (isDryRun) return { target: await dryTargetOn(db), close }
    await checkDurability(db)
    await migrate(engine.url())
    return { target: createTarget(db), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function dryTargetOn(db: Database): Promise<Target> {
  const [tables] = await db.query<{ hasAny: boolean; isRecent: boolean }>(sql`
    select to_regclass('subscription') is not null as "hasAny", to_regclass('imported_subscription') is not null as "isRecent"`)
  if (!tables?.hasAny) return emptyTarget
  if (!tables.isRecent) throw new UnusableDatabase(['its schema is older than this release, and a dry run changes nothing, not even that; run the import without --dry-run, or start the service once'])
  return createDryTarget(db)
}
