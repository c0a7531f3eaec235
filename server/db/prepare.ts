import type { Log } from '../log.ts'
import { createDatabase } from './database.ts'
import { checkDurability } from './installation.ts'
import { migrate } from './migrate.ts'

const STATEMENT_LIMIT_MS = 10_000

/**
 * Makes the database fit for the service and answers the schema that has its tables: first it is refused if it would lose what
 * it has confirmed, then it is migrated. Throws `UnusableDatabase`.
 */
export async function prepareDatabase(url: () => string, log: Log): Promise<string> {
  const db = createDatabase({ url, schema: undefined, name: 'start', maxConnections: 1, statementTimeoutMs: STATEMENT_LIMIT_MS, answerTimeoutMs: STATEMENT_LIMIT_MS + 2000, log })
  try {
    await checkDurability(db)
  } finally {
    await db.close()
  }
  return migrate(url())
}
