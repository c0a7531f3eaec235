import { createHash } from 'node:crypto'
import pg from 'pg'
import type { Sql } from 'sql-template-tag'
import type { Db } from './db.ts'

/**
 * Statements of a transaction are pipelined: each goes out when it is made, without waiting for the results of earlier
 * ones. The server runs them in order, and one that fails fails all later ones. So statements that need no earlier
 * result are best sent together: `Promise.all([tx.query(...), tx.query(...), tx.commit()])` costs one round trip.
 *
 * A statement that comes after the commit was sent, or after the transaction has failed, is rejected and never sent: on
 * this connection it would run outside of the transaction, in autocommit.
 */
export interface Transaction extends Db {
  /** Commits now instead of when the work has resolved. Rejects when a statement of the transaction has failed. */
  commit(): Promise<void>
}

/** One connection in use. */
export interface Session extends Db {
  /**
   * Runs `work` in a transaction: committed when it resolves, rolled back when it rejects. Rejects with the error of
   * the statement that failed first, or else with what `work` threw.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /**
   * Returns false once a query has failed other than by an ordinary error of the server (lost connection, no answer in
   * time): what the session was doing is not known. What `work` throws by itself says nothing about the connection.
   */
  isUsable(): boolean
}

/** What a session needs of a client of pg. */
export interface QueryClient {
  query(statement: string | pg.QueryConfig): Promise<Pick<pg.QueryResult, 'command' | 'rows'>>
}

export function createSession(client: QueryClient, prepares: boolean): Session {
  let isUsable = true

  async function send(statement: string | pg.QueryConfig): ReturnType<QueryClient['query']> {
    try {
      return await client.query(statement)
    } catch (error) {
      isUsable &&= isOrdinaryError(error)
      throw error
    }
  }

  async function query<Row>(statement: Sql): Promise<Row[]> {
    const { rows } = await send(configOf(statement, prepares))
    return rows as Row[]
  }

  /** The commit of a failed transaction succeeds as a rollback, so its tag is what counts. */
  async function sendCommit(): Promise<void> {
    const { command } = await send('commit')
    if (command !== 'COMMIT') throw new Error('the transaction was rolled back')
  }

  async function transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    let firstError: unknown
    const noteError = <R>(promise: Promise<R>) =>
      promise.catch((error: unknown): never => {
        firstError ??= error
        throw error
      })
    let committing: Promise<void> | undefined
    let hasFailed = false
    const tx: Transaction = {
      query: (statement) => (hasFailed || committing ? rejectLate() : noteError(query(statement))),
      commit: () => (committing ??= hasFailed ? rejectLate() : noteError(sendCommit())),
    }
    const begun = noteError(send('begin'))
    try {
      const [result] = await Promise.all([work(tx), begun])
      await tx.commit()
      return result
    } catch (error) {
      hasFailed = true
      await committing?.catch(() => undefined) // the connection goes back only when nothing is under way on it
      if (isUsable && !committing) await send('rollback')
      throw firstError ?? error
    }
  }

  return { query, transaction, isUsable: () => isUsable }
}

const rejectLate = () => Promise.reject(new Error('a statement after the end of its transaction'))

export function configOf({ text, values }: Sql, prepares: boolean): pg.QueryConfig {
  return prepares ? { text, values, name: nameOf(text) } : { text, values }
}

/** After an error of the server that does not end the session, the session can go on. */
export const isOrdinaryError = (error: unknown) => error instanceof pg.DatabaseError && error.severity === 'ERROR'

/** Names by text. Their number is bounded, because only pools whose statements are a fixed few prepare them. */
const names = new Map<string, string>()

/** Returns the same name for the same text on every connection. */
function nameOf(text: string): string {
  const known = names.get(text)
  if (known !== undefined) return known
  const name = createHash('sha1').update(text).digest('base64')
  names.set(text, name)
  return name
}
