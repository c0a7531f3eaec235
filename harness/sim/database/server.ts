import type { Random } from '../world/random.ts'
import type { Scheduler } from '../world/scheduler.ts'
import { createLocks } from './locks.ts'
import type { Model } from './model.ts'
import { CODES, serverError } from './server-error.ts'
import { Session } from './session.ts'
import { createTables, openTransaction, type Tables, type Write } from './tables.ts'
import { createXids } from './xids.ts'

/** Monday, so that traces are easy to read. */
export const EPOCH_MS = Date.UTC(2026, 0, 5)

export interface ServerDeps {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly modelOf: (text: string) => Model
  readonly onDeadlock: (model: string, key: string) => void
  /** `who` commits this now; nobody sees it yet. */
  readonly onCommit: (who: string, writes: readonly Write[]) => void
  /** `who` has committed this: everybody sees it. */
  readonly onCommitted: (who: string, writes: readonly Write[]) => void
  readonly onStatement: (who: string, name: string, values: readonly unknown[], result: string) => void
}

/** As a connection of the service sets them. */
export interface SessionLimits {
  readonly statementTimeoutMs: number
  readonly lockTimeoutMs: number
  readonly idleInTransactionMs: number
}

export interface SessionOptions {
  /** Whose it is, for the trace. */
  readonly who: string
  readonly limits: SessionLimits
  readonly onKilled: (error: Error) => void
}

export type StatementListener = (who: string, model: string) => void

/** The simulated PostgreSQL: tables with transactions at READ COMMITTED, row locks, time limits, restarts. */
export interface DatabaseServer {
  readonly tables: Tables
  /** ms since 1970. */
  now(): number
  /** Takes the next value of a sequence. */
  reserve(sequence: string): number
  /** Undefined while it is away. */
  openSession(options: SessionOptions): Session | undefined
  /** Ends all sessions in the middle of what they do; what is committed stays. */
  crash(): void
  restart(): void
  readonly isUp: boolean
  /** From now on a commit takes so long, in ms. */
  setCommitMs(range: { readonly min: number; readonly max: number }): void
  /** From now on so many statements rest before they take a lock. */
  setLockDelays(share: number): void
  /**
   * Calls back after each statement, before its commit, with whose it is and its model. Returns what ends that.
   */
  listen(listener: StatementListener): () => void
  /** From now on so many statements begin late, some of them very late. */
  setStalls(share: number): void
}

const USUAL_COMMIT_MS = { min: 0.3, max: 2.5 }
/** Between two statements of a function. */
const GAP_MS = { min: 0.01, max: 0.2 }

export function createDatabaseServer({
  scheduler,
  random,
  modelOf,
  onDeadlock,
  onCommit,
  onCommitted,
  onStatement,
}: ServerDeps): DatabaseServer {
  const tables = createTables()
  const locks = createLocks()
  const sessions = new Set<Session>()
  const listeners = new Set<StatementListener>()
  const sequences = new Map<string, number>()
  const xids = createXids()
  let isUp = true
  let commitMs = USUAL_COMMIT_MS
  let lockDelays = 0
  let stalls = 0

  const clock = () => EPOCH_MS + scheduler.now

  function nextValue(sequence: string): number {
    const value = (sequences.get(sequence) ?? 0) + 1
    sequences.set(sequence, value)
    return value
  }

  return {
    tables,
    now: clock,
    reserve: nextValue,
    openSession({ who, limits, onKilled }) {
      if (!isUp) return undefined
      const session: Session = new Session({
        scheduler,
        random,
        locks,
        begin: () => openTransaction({ tables, clock, nextValue, xids }),
        modelOf,
        ...limits,
        commitMs: () => random.between(commitMs.min, commitMs.max),
        stallMs: () => (random.chance(stalls) ? random.between(5, random.chance(0.5) ? 2500 : 150) : 0),
        lockDelayMs: () => (random.chance(lockDelays) ? random.between(1, 40) : 0),
        onDeadlock,
        gapMs: () => (random.chance(lockDelays) ? random.between(1, 40) : random.between(GAP_MS.min, GAP_MS.max)),
        onCommit: (committing) => onCommit(who, committing.writes()),
        onCommitted: (committed) => onCommitted(who, committed.writes()),
        onStatement(name, values, result) {
          onStatement(who, name, values, result)
          for (const listener of listeners) listener(who, name)
        },
        onKilled,
        onEnded: () => sessions.delete(session),
      })
      sessions.add(session)
      return session
    },
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    crash() {
      isUp = false
      for (const session of [...sessions]) session.kill(serverError(CODES.adminShutdown, 'terminating', 'FATAL'))
    },
    restart() {
      isUp = true
    },
    get isUp() {
      return isUp
    },
    setCommitMs(range) {
      commitMs = range
    },
    setStalls(share) {
      stalls = share
    },
    setLockDelays(share) {
      lockDelays = share
    },
  }
}

export const usualCommitMs = USUAL_COMMIT_MS
