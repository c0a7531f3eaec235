import { createHash } from 'node:crypto'
import pg from 'pg'
import type { Sql } from 'sql-template-tag'
import { AppError } from '../errors.ts'
import type { Db } from './database.ts'

/**
 * Statements of a transaction go out as they are made, without waiting for the answers of earlier ones; they run in
 * order, and one that fails fails all later ones. So what needs no earlier answer is best sent together:
 * `Promise.all([tx.query(...), tx.query(...), tx.commit()])` costs one round trip.
 */
export interface Transaction extends Db {
  /** Commits now instead of when the work has resolved. Rejects when the transaction had failed. */
  commit(): Promise<void>
}

/** One connection in use. */
export interface Session extends Db {
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
}

export function createSession(client: pg.ClientBase, prepares: boolean): Session {
  async function query<Row>(statement: Sql): Promise<Row[]> {
    const { text } = statement
    const result = await client.query({ text, values: statement.values, ...(prepares && { name: nameOf(text) }) })
    return result.rows as Row[]
  }

  async function transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    let firstError: unknown
    const noting = <R>(promise: Promise<R>) => promise.catch((error: unknown): never => {
      firstError ??= error
      throw error
    })
    let committing: Promise<void> | undefined
    const commit = () => (committing ??= noting(commitOn(client)))
    const begun = noting(client.query('begin'))
    try {
      const [result] = await Promise.all([work({ query: (statement) => noting(query(statement)), commit }), begun])
      await commit()
      return result
    } catch (error) {
      const cause = firstError ?? error
      if (isSessionUsable(cause) && !committing) await client.query('rollback')
      throw cause
    }
  }

  return { query, transaction }
}

/** The commit of a failed transaction succeeds as a rollback, so its tag is what counts. */
async function commitOn(client: pg.ClientBase): Promise<void> {
  const { command } = await client.query('commit')
  if (command !== 'COMMIT') throw new AppError('NTFAPI_INTERNAL', { details: { reason: 'the transaction was rolled back' } })
}

/** After an ordinary error of the server, or a refusal of ours, the session can go on. */
export const isSessionUsable = (error: unknown) =>
  error instanceof AppError || (error instanceof pg.DatabaseError && error.severity === 'ERROR')

/** The same text has the same name on every connection. */
const nameOf = (text: string) => createHash('sha1').update(text).digest('base64')
