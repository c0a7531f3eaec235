import pg from 'pg'
import type { Sql } from 'sql-template-tag'
import type { Log } from '../log.ts'
import { CONNECT_LIMIT_MS } from '../runtime/connect-limit.ts'
import { connectionTo, tlsModeOf } from './connecting.ts'
import { NO_TABLES, searchPathOf } from './schema.ts'
import { UnusableAddress } from './tls-request.ts'
import { createSession, isSessionUsable, type Transaction } from './session.ts'
import { createTlsTurn, type TlsTurn } from './tls-turn.ts'

/** Runs one statement and answers with its rows. */
export interface Db {
  query<Row>(statement: Sql): Promise<Row[]>
}

/** A pool of connections that keep the same session settings. */
export interface Database extends Db {
  /** Runs `work` in one transaction (READ COMMITTED): committed when it resolves, rolled back when it rejects. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /** Takes a connection, for statements that need the same session outside of a transaction. Whoever holds it gives it back. */
  hold(): Promise<HeldConnection>
  /** Waits until no connection is in use, then closes them all. */
  close(): Promise<void>
}

export interface HeldConnection extends Db {
  /** Back to the pool; or closed, when a statement failed or the session is not as it was. */
  release(how: 'kept' | 'closed'): void
}

/** No connection could be had: nothing was sent to the database. */
export class DatabaseUnreachable extends Error {
  constructor(cause: unknown) {
    super('no connection to the database', { cause })
    this.name = 'DatabaseUnreachable'
  }
}

export interface DatabaseOptions {
  readonly url: () => string
  /** Where the tables are that statements name; undefined: they name none of ours, and find none. */
  readonly schema: string | undefined
  readonly name: string
  readonly maxConnections: number
  readonly statementTimeoutMs: number
  /** How long the client waits for an answer before it gives the connection up. */
  readonly answerTimeoutMs: number
  /** How long a statement waits for a row's lock; unset: as long as it may run. */
  readonly lockTimeoutMs?: number
  /** Keeps a plan for each statement text. Only for pools whose statements are a fixed few. */
  readonly prepares?: boolean
  readonly log: Log
}

/**
 * `url` is asked at each new connection, because an embedded server may come back on another port. The session limits
 * keep a stopped or vanished process from holding row locks (docs/architecture.md, Ownership).
 */
export function createDatabase({ url, schema, name, maxConnections, statementTimeoutMs, answerTimeoutMs, lockTimeoutMs = 0, prepares = false, log }: DatabaseOptions): Database {
  const settings = {
    max: maxConnections,
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    query_timeout: answerTimeoutMs,
    types: numericBigint,
    pipeline: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5000,
  }
  const ofSession = { statement_timeout: statementTimeoutMs, lock_timeout: lockTimeoutMs, idle_in_transaction_session_timeout: 3000, jit: 'off', plan_cache_mode: 'force_custom_plan', search_path: schema === undefined ? NO_TABLES : searchPathOf(schema) }
  const turn = createTlsTurn()
  const pool = new pg.Pool({ ...settings, Client: clientFor((): pg.ClientConfig => connectionTo(url(), { name: `tidings ${name}`, settings: ofSession, isTurned: turn.isTurned() })) })
  const connect = () => connectionOf(pool, url, turn)
  pool.on('error', (error) => log.debug({ err: error, pool: name }, 'idle database connection lost'))
  // The pool listens to idle connections only. One that is lost between two statements of a transaction would end the
  // process; the next statement reports it.
  pool.on('connect', (client) => client.on('error', () => undefined))

  return {
    query: (statement) => withClient(connect, (client) => createSession(client, prepares).query(statement)),
    transaction: (work) => withClient(connect, (client) => createSession(client, prepares).transaction(work)),
    async hold() {
      const client = await connect()
      return { query: createSession(client, prepares).query, release: (how) => client.release(how === 'closed') }
    },
    close: () => pool.end(),
  }
}

/** A pg client class whose address is looked up when it is made. */
function clientFor(connection: () => pg.ClientConfig): typeof pg.Client {
  return class extends pg.Client {
    constructor(config: pg.ClientConfig) {
      super({ ...config, ...connection() })
    }
  }
}

/**
 * A connection that failed below the level of a server's answer is thrown away: what it was doing is not known, and the
 * server rolls back what it had begun.
 */
async function withClient<T>(connect: () => Promise<pg.PoolClient>, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await connect()
  try {
    const result = await work(client)
    client.release()
    return result
  } catch (error) {
    client.release(!isSessionUsable(error))
    throw error
  }
}

async function connectionOf(pool: pg.Pool, url: () => string, turn: TlsTurn): Promise<pg.PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    if (!isUnderstood(error) || !turn.failed(tlsModeOf(url()), error)) throw new DatabaseUnreachable(error)
    return pool.connect().catch((again: unknown) => {
      throw new DatabaseUnreachable(again)
    })
  }
}

/** Not of the address itself, which would be at fault the second time as well. */
const isUnderstood = (error: unknown) => !(error instanceof UnusableAddress)

/** bigint columns hold positions, counts and ids far below 2^53. */
const numericBigint: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => (oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) as (text: string) => unknown,
}
