import type { Database } from './database.ts'
import { sql, type Sql } from './sql.ts'

const ROWS_PER_FETCH = 500

/** The rows of one statement, a few at a time, all as they were when it was opened. */
export interface Cursor<Row> {
  /** Returns at most 500 rows; none after the last. One call at a time. Rejects after a `close` before the end. */
  next(): Promise<Row[]>
  /** Releases the connection. May be called at any time, and twice. */
  close(): void
}

/**
 * Runs a statement and keeps its rows at the server, outside of any transaction, so that a slow reader neither holds
 * locks nor delays the vacuum. It uses a connection of the pool until it is read to its end, or closed.
 */
export async function openCursor<Row>(db: Database, statement: Sql): Promise<Cursor<Row>> {
  const connection = await db.reserve()
  let state: 'open' | 'read' | 'closed' = 'open'

  function releaseConnection(how: 'kept' | 'closed'): void {
    if (state !== 'open') return
    state = how === 'kept' ? 'read' : 'closed'
    connection.release(how)
  }

  /** A session whose statement failed, or whose cursor was not read to its end, is not used again. */
  const close = () => releaseConnection('closed')

  async function run<R>(command: Sql): Promise<R[]> {
    try {
      return await connection.query<R>(command)
    } catch (error) {
      close()
      throw error
    }
  }

  async function next(): Promise<Row[]> {
    if (state === 'closed') throw new Error('the cursor is closed')
    if (state === 'read') return []
    const rows = await run<Row>(sql`fetch ${COUNT} from reading`)
    if (rows.length === 0) {
      await run(sql`close reading`)
      releaseConnection('kept')
    }
    return rows
  }

  await run(sql`declare reading no scroll cursor with hold for ${statement}`)
  return { next, close }
}

/** A count in a fetch cannot be a parameter. */
const COUNT = sql([String(ROWS_PER_FETCH)])
