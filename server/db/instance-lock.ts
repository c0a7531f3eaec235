import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import type { Log } from '../log.ts'
import { createLoop, type WakeableWorker } from '../runtime/loop.ts'
import { INSTANCE_LOCK } from './advisory-locks.ts'
import { openClient } from './pg-client.ts'
import { sql } from './sql.ts'

const TAKEN_FOR_MS = 5000
const UNREACHABLE_FOR_MS = 30_000
const RETRY_MS = 200
const CHECK_INTERVAL_MS = 1000

/** The connection that holds the lock names its owner, so what others read is never out of date. */
const nameFor = (address: string) => `tidings instance ${process.pid} ${address}`
const NAME = /^tidings instance (\d+) (.*)$/

/** Another process uses the database; the message names it and says what to do. */
export class InstanceTakenError extends Error {
  /** The message without the advice, for callers that give another one. */
  readonly fact: string

  constructor(holderName: string | undefined) {
    const [, pid = 'unknown', address = ''] = NAME.exec(holderName ?? '') ?? []
    const fact = `Another instance uses this data directory: pid ${pid}${address && `, ${address}`}`
    super(`${fact}; stop it, or set another TIDINGS_DATA_DIR`)
    this.name = 'InstanceTakenError'
    this.fact = fact
  }
}

export interface InstanceLockDeps {
  readonly url: () => string
  /** Where this instance can be reached, or '' as long as that is not known. */
  readonly address: () => string
  /** Called once, when the connection was lost and another process got the lock: this one must stop. */
  readonly onLost: () => void
  readonly log: Log
}

/** Keeps a second process off the same database, by a session advisory lock on a connection of its own. */
export interface InstanceLock {
  /**
   * Rejects with an `InstanceTakenError` when another process has held the lock for 5 s, and with the last failure when
   * the database could not be reached for 30 s.
   */
  acquire(): Promise<void>
  /** Publishes the new `address()` to processes that look for the holder. */
  announce(): Promise<void>
  /** Releases the lock. An `acquire` that is under way rejects. */
  release(): Promise<void>
}

export function createInstanceLock({ url, address, onLost, log }: InstanceLockDeps): InstanceLock {
  let aborter = new AbortController()
  let session: LockSession | undefined
  let keeper: WakeableWorker | undefined
  let isLost = false

  async function take(signal: AbortSignal): Promise<void> {
    session = await takeLock(() => openSession(url(), nameFor(address()), () => keeper?.wake()), signal)
  }

  async function check(signal: AbortSignal): Promise<number> {
    if (isLost || session?.isOpen()) return CHECK_INTERVAL_MS
    if (session) log.warn({}, 'lost the connection that holds the instance lock, acquiring it again')
    session = undefined
    await take(signal).catch((error: unknown) => {
      if (!(error instanceof InstanceTakenError)) throw error
      log.error({ err: error }, 'another process has acquired the instance lock')
      isLost = true
      onLost()
    })
    return CHECK_INTERVAL_MS
  }

  return {
    async acquire() {
      aborter = new AbortController()
      isLost = false
      const { signal } = aborter
      await take(signal)
      if (signal.aborted) await session?.client.end()
      signal.throwIfAborted()
      keeper = createLoop({ name: 'instance lock', log, tick: check })
      keeper.start()
    },
    async announce() {
      if (session?.isOpen())
        await session.client.query(sql`select set_config('application_name', ${nameFor(address())}, false)`)
    },
    async release() {
      aborter.abort()
      await keeper?.stop()
      await session?.client.end()
      session = undefined
    },
  }
}

/** Returns whether another process holds the instance lock of this database. */
export async function isInstanceLocked(url: string): Promise<boolean> {
  const { client } = await openSession(url, 'tidings look', () => undefined)
  try {
    const holderName = await findHolder(client)
    // A lock that this process has just released may still be visible.
    return holderName !== undefined && NAME.exec(holderName)?.[1] !== String(process.pid)
  } finally {
    await client.end()
  }
}

interface LockSession {
  readonly client: pg.Client
  isOpen(): boolean
}

async function openSession(url: string, name: string, onEnd: () => void): Promise<LockSession> {
  const client = await openClient(url, { name, queryTimeoutMs: 5000 })
  let isOpen = true
  const ended = () => {
    isOpen = false
    onEnd()
  }
  client.on('error', ended)
  client.on('end', ended)
  return { client, isOpen: () => isOpen }
}

/** Tries until it has the lock, another process has held it for 5 s, or the database was unreachable for 30 s. */
async function takeLock(open: () => Promise<LockSession>, signal: AbortSignal): Promise<LockSession> {
  let takenUntil: number | undefined
  let unreachableUntil: number | undefined
  for (;;) {
    signal.throwIfAborted()
    try {
      const attempt = await tryOnce(open)
      if (attempt.kind === 'ours') return attempt.session
      takenUntil ??= performance.now() + TAKEN_FOR_MS
      if (performance.now() >= takenUntil) throw new InstanceTakenError(attempt.holderName)
    } catch (error) {
      unreachableUntil ??= performance.now() + UNREACHABLE_FOR_MS
      if (error instanceof InstanceTakenError || performance.now() >= unreachableUntil) throw error
    }
    await delay(RETRY_MS, undefined, { signal })
  }
}

type LockAttempt = { kind: 'ours'; session: LockSession } | { kind: 'taken'; holderName: string | undefined }

/** Opens a connection for each try: a restart of the server in between would go unnoticed on an old one. */
async function tryOnce(open: () => Promise<LockSession>): Promise<LockAttempt> {
  const session = await open()
  try {
    if (await tryLock(session.client)) return { kind: 'ours', session }
    const holderName = await findHolder(session.client)
    await session.client.end()
    return { kind: 'taken', holderName }
  } catch (error) {
    await session.client.end()
    throw error
  }
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ isOurs: boolean }>(sql`
    select pg_try_advisory_lock(${INSTANCE_LOCK.space}::int, ${INSTANCE_LOCK.key}::int) as "isOurs"`)
  return rows[0]?.isOurs ?? false
}

async function findHolder(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query<{ name: string }>(sql`
    select application_name as name
    from pg_locks join pg_stat_activity using (pid)
    where locktype = 'advisory' and granted
      and database = (select oid from pg_database where datname = current_database())
      and classid = ${INSTANCE_LOCK.space}::int::oid and objid = ${INSTANCE_LOCK.key}::int::oid and objsubid = 2`)
  return rows[0]?.name
}
