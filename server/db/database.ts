import pg from 'pg'
import type { Sql } from 'sql-template-tag'
import type { Log } from '../log.ts'
import { SCHEMA, searchPathOption } from './schema.ts'
import { createSession, isSessionUsable, type Transaction } from './session.ts'
import { VANISHED_CLIENT_SETTINGS } from './vanished-client.ts'

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
  /** Where the tables are that statements name; unset: where a new installation has them. */
  readonly schema?: string
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
export function createDatabase({ url, schema = SCHEMA, name, maxConnections, statementTimeoutMs, answerTimeoutMs, lockTimeoutMs = 0, prepares = false, log }: DatabaseOptions): Database {
  const settings = {
    application_name: `tidings ${name}`,
    max: maxConnections,
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: 3000,
    query_timeout: answerTimeoutMs,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: 3000,
    lock_timeout: lockTimeoutMs,
    types: numericBigint,
    pipeline: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5000,
  }
  const options = `${VANISHED_CLIENT_SETTINGS} -c timezone=UTC -c jit=off -c plan_cache_mode=force_custom_plan ${searchPathOption(schema)}`
  const pool = new pg.Pool({ ...settings, Client: clientFor(() => withOptions(url(), options)) })
  pool.on('error', (error) => log.debug({ err: error, pool: name }, 'idle database connection lost'))
  // The pool listens to idle connections only. One that is lost between two statements of a transaction would end the
  // process; the next statement reports it.
  pool.on('connect', (client) => client.on('error', () => undefined))

  return {
    query: (statement) => withClient(pool, (client) => createSession(client, prepares).query(statement)),
    transaction: (work) => withClient(pool, (client) => createSession(client, prepares).transaction(work)),
    async hold() {
      const client = await connectionOf(pool)
      return { query: createSession(client, prepares).query, release: (how) => client.release(how === 'closed') }
    },
    close: () => pool.end(),
  }
}

/** A pg client class whose address is looked up when it is made. */
function clientFor(url: () => string): typeof pg.Client {
  return class extends pg.Client {
    constructor(config: pg.ClientConfig) {
      super({ ...config, connectionString: url() })
    }
  }
}

/** The address may have session settings too: ours come after them, so that they count. */
function withOptions(url: string, options: string): string {
  const [base = '', query = ''] = url.split(/\?(.*)/s)
  const parameters = new URLSearchParams(query)
  parameters.set('options', `${parameters.get('options') ?? ''} ${options}`.trim())
  return `${base}?${parameters.toString()}`
}

/**
 * A connection that failed below the level of a server's answer is thrown away: what it was doing is not known, and the
 * server rolls back what it had begun.
 */
async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await connectionOf(pool)
  try {
    const result = await work(client)
    client.release()
    return result
  } catch (error) {
    client.release(!isSessionUsable(error))
    throw error
  }
}

const connectionOf = (pool: pg.Pool): Promise<pg.PoolClient> => pool.connect().catch((error: unknown) => {
  throw new DatabaseUnreachable(error)
})

/** bigint columns hold positions, counts and ids far below 2^53. */
const numericBigint: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => (oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) as (text: string) => unknown,
}
