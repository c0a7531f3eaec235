import type { Database } from '@tidings/server/db/database.ts'
import { createSession, type Session } from '@tidings/server/db/pg-session.ts'
import { connect } from './connect.ts'
import type { Connection, ConnectionDeps } from './connection.ts'

export interface PoolDeps extends Omit<ConnectionDeps, 'limits' | 'answerTimeoutMs'> {
  readonly settings: {
    readonly maxConnections: number
    readonly statementTimeoutMs: number
    readonly lockTimeoutMs?: number
  }
}

/** A pool on the simulated database. Its sessions and transactions are those of the service (server/db). */
export interface SimPool extends Database {
  /** The network cuts every connection. */
  cut(): void
}

/** As server/db/database.ts sets it, and what server/wiring/pools.ts adds for the way back. */
const IDLE_IN_TRANSACTION_MS = 3000
const ANSWER_MS = 2000

export function createSimPool({ settings, ...deps }: PoolDeps): SimPool {
  const { maxConnections, statementTimeoutMs, lockTimeoutMs = 0 } = settings
  const limits = { statementTimeoutMs, lockTimeoutMs, idleInTransactionMs: IDLE_IN_TRANSACTION_MS }
  const idle: Connection[] = []
  const open = new Set<Connection>()
  let waiting: ((connection: Connection | undefined) => void)[] = []
  /** Those that are open, or being opened. */
  let count = 0

  async function acquire(): Promise<Connection> {
    for (let known = idle.pop(); known; known = idle.pop()) {
      if (!known.isBroken) return known
      forget(known)
    }
    if (count >= maxConnections) {
      const next = await new Promise<Connection | undefined>((resolve) => waiting.push(resolve))
      return next ?? acquire()
    }
    count += 1
    try {
      const connection = await connect({ ...deps, limits, answerTimeoutMs: statementTimeoutMs + ANSWER_MS })
      open.add(connection)
      return connection
    } catch (error) {
      count -= 1
      waiting.shift()?.(undefined)
      throw error
    }
  }

  function forget(connection: Connection): void {
    open.delete(connection)
    count -= 1
  }

  function release(connection: Connection, isUsable: boolean): void {
    const isKept = isUsable && !connection.isBroken
    if (!isKept) {
      connection.close()
      forget(connection)
    }
    const next = waiting.shift()
    if (next) next(isKept ? connection : undefined)
    else if (isKept) idle.push(connection)
  }

  async function withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const connection = await acquire()
    const session = createSession(connection, false)
    try {
      return await work(session)
    } finally {
      release(connection, session.isUsable())
    }
  }

  return {
    query: (statement) => withSession((session) => session.query(statement)),
    transaction: (work) => withSession((session) => session.transaction(work)),
    reserve: () => Promise.reject(new Error('the simulation reserves no connections')),
    close() {
      waiting = []
      for (const connection of open) connection.close()
      return Promise.resolve()
    },
    cut() {
      for (const connection of open) connection.cut()
    },
  }
}
