import type { Log } from '../log.ts'
import { createDatabase } from './database.ts'
import { checkDurability } from './installation.ts'
import { migrate } from './migrate.ts'

const STATEMENT_LIMIT_MS = 10_000

/**
 * Prepares the database for the service and returns the schema of its tables: rejects one that would lose what it has
 * confirmed, then migrates it. Throws `UnusableDatabase`.
 */
export async function prepareDatabase(url: () => string, log: Log): Promise<string> {
  const db = createDatabase({
    url,
    schema: undefined,
    name: 'start',
    maxConnections: 1,
    statementTimeoutMs: STATEMENT_LIMIT_MS,
    answerTimeoutMs: STATEMENT_LIMIT_MS + 2000,
    log,
  })
  try {
    await checkDurability(db)
  } finally {
    await db.close()
  }
  return migrate(url())
}
