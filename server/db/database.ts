import pg from 'pg'
import type { Log } from '../log.ts'
import { CONNECT_LIMIT_MS } from '../runtime/connect-limit.ts'
import type { Db } from './db.ts'
import { connectionConfig, tlsModeOf } from './pg-client.ts'
import { NO_TABLES, searchPathOf } from './schema-name.ts'
import { InvalidDatabaseUrl } from './tls-settings.ts'
import { configOf, createSession, isOrdinaryError, type Session, type Transaction } from './pg-session.ts'
import type { Sql } from './sql.ts'
import { createTlsFallback, type TlsFallback } from './tls-fallback.ts'

/** A pool of connections that keep the same session settings. */
export interface Database extends Db {
  /** Runs `work` in one transaction (READ COMMITTED): committed when it resolves, rolled back when it rejects. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /** Takes a connection for statements that need the same session outside of a transaction. The caller releases it. */
  reserve(): Promise<ReservedConnection>
  /** Waits until no connection is in use, then closes them all. */
  close(): Promise<void>
}

export interface ReservedConnection extends Db {
  /** Returns it to the pool, or closes it when a statement failed or the session is not as it was. */
  release(how: 'kept' | 'closed'): void
}

/** There was no connection: nothing was sent to the database. */
export class DatabaseUnreachable extends Error {
  constructor(cause: unknown) {
    super('no connection to the database', { cause })
    this.name = 'DatabaseUnreachable'
  }
}

export interface DatabaseOptions {
  readonly url: () => string
  /** The schema of the tables that statements name; undefined: they name none of ours, and find none. */
  readonly schema: string | undefined
  readonly name: string
  readonly maxConnections: number
  readonly statementTimeoutMs: number
  /** How long the client waits for a result before it gives up the connection. */
  readonly answerTimeoutMs: number
  /** How long a statement waits for a row's lock; unset: as long as it may run. */
  readonly lockTimeoutMs?: number
  /** Keeps one plan for each statement text, see `ONE_PLAN`. Only for pools whose statements are a fixed few. */
  readonly prepares?: boolean
  readonly log: Log
}

/**
 * Planning the statements of the hot path took more time than running them, so each is planned once per connection,
 * without its values. All of them look rows up by key, starting from the arrays that they are given: joins in the order
 * in which they are written, through an index, are right however many rows the tables hold. What the planner might
 * choose while a table is small, or has never been analyzed, would stay when it is large. A test reads the plans
 * (test/database-plans.test.ts).
 */
const ONE_PLAN = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_bitmapscan: 'off',
  enable_material: 'off',
  join_collapse_limit: 1,
  from_collapse_limit: 1,
}

/**
 * Creates a pool. `url` is called for each new connection, because an embedded server may come back on another port.
 * The session limits keep a stopped or vanished process from holding row locks (docs/architecture.md, Ownership).
 */
export function createDatabase({
  url,
  schema,
  name,
  maxConnections,
  statementTimeoutMs,
  answerTimeoutMs,
  lockTimeoutMs = 0,
  prepares = false,
  log,
}: DatabaseOptions): Database {
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
  const ofSession = {
    statement_timeout: statementTimeoutMs,
    lock_timeout: lockTimeoutMs,
    idle_in_transaction_session_timeout: 3000,
    jit: 'off',
    ...(prepares ? ONE_PLAN : { plan_cache_mode: 'force_custom_plan' }),
    search_path: schema === undefined ? NO_TABLES : searchPathOf(schema),
  }
  const fallback = createTlsFallback()
  const pool = new pg.Pool({
    ...settings,
    Client: clientClassFor((): pg.ClientConfig =>
      connectionConfig(url(), { name: `tidings ${name}`, settings: ofSession, usesFallback: fallback.isActive() }),
    ),
  })
  const connect = () => connectWithFallback(pool, url, fallback)
  pool.on('error', (error) => log.debug({ err: error, pool: name }, 'idle database connection lost'))
  // The pool listens to idle connections only. Without a listener, one that is lost between two statements of a
  // transaction would end the process; the next statement reports it.
  pool.on('connect', (client) => client.on('error', () => undefined))

  return {
    async query<Row>(statement: Sql) {
      const client = await connect()
      let isUsable = true
      try {
        const { rows } = await client.query(configOf(statement, prepares))
        return rows as Row[]
      } catch (error) {
        isUsable = isOrdinaryError(error)
        throw error
      } finally {
        client.release(!isUsable)
      }
    },
    transaction: (work) => withSession(connect, prepares, (session) => session.transaction(work)),
    async reserve() {
      const client = await connect()
      return { query: createSession(client, prepares).query, release: (how) => client.release(how === 'closed') }
    },
    close: () => pool.end(),
  }
}

/** A pg client class whose address is looked up when it is made. */
function clientClassFor(connection: () => pg.ClientConfig): typeof pg.Client {
  return class extends pg.Client {
    constructor(config: pg.ClientConfig) {
      super({ ...config, ...connection() })
    }
  }
}

/**
 * Lends a connection to `work`. One whose state is not known afterwards is closed instead of going back to the pool:
 * the server rolls back what it had begun.
 */
async function withSession<T>(
  connect: () => Promise<pg.PoolClient>,
  prepares: boolean,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const client = await connect()
  const session = createSession(client, prepares)
  try {
    return await work(session)
  } finally {
    client.release(!session.isUsable())
  }
}

async function connectWithFallback(pool: pg.Pool, url: () => string, fallback: TlsFallback): Promise<pg.PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    if (!isUrlValid(error) || !fallback.failed(tlsModeOf(url()), error)) throw new DatabaseUnreachable(error)
    return pool.connect().catch((again: unknown) => {
      throw new DatabaseUnreachable(again)
    })
  }
}

/** An address that cannot be followed fails the second time as well. */
const isUrlValid = (error: unknown) => !(error instanceof InvalidDatabaseUrl)

/** bigint columns hold positions, counts and ids far below 2^53. */
const numericBigint: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    (oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) as (text: string) => unknown,
}
