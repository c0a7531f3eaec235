import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import type { Log } from '../log.ts'
import { createLoop, type WakeableWorker } from '../runtime/loop.ts'
import { INSTANCE_LOCK } from './advisory-locks.ts'
import { openClient } from './connecting.ts'
import { sql } from './sql.ts'

const TAKEN_FOR_MS = 5000
const UNREACHABLE_FOR_MS = 30_000
const RETRY_MS = 200
const LOOK_EVERY_MS = 1000

/** The connection that holds the lock says whose it is by its name, so what others read is never out of date. */
const nameFor = (address: string) => `tidings instance ${process.pid} ${address}`
const NAME = /^tidings instance (\d+) (.*)$/

/** Another process uses the database; the message names it and says what to do. */
export class InstanceTakenError extends Error {
  /** The message without what to do, for those who advise otherwise. */
  readonly fact: string

  constructor(holderName: string | undefined) {
    const [, pid = 'unknown', address = ''] = NAME.exec(holderName ?? '') ?? []
    const fact = `Another instance uses this data directory: pid ${pid}${address && `, ${address}`}`
    super(`${fact}; stop it, or set another TIDINGS_DATA_DIR`)
    this.name = 'InstanceTakenError'
    this.fact = fact
  }
}

export interface InstanceLockParts {
  readonly url: () => string
  /** Where this instance can be found, or '' as long as that is not known. */
  readonly address: () => string
  /** Called once when the lock went to another process after its connection was lost: this one must stop. */
  readonly onLost: () => void
  readonly log: Log
}

/** Keeps a second process from working on the same database: a session advisory lock on a connection of its own. */
export interface InstanceLock {
  /** Rejects with an `InstanceTakenError` when another process has held it for 5 s, with the last failure when the database could not be reached for 30 s. */
  acquire(): Promise<void>
  /** `address()` has changed: tell those who will ask. */
  announce(): Promise<void>
  /** Also ends an `acquire` that is under way, which then rejects. */
  release(): Promise<void>
}

export function createInstanceLock({ url, address, onLost, log }: InstanceLockParts): InstanceLock {
  let aborter = new AbortController()
  let session: Session | undefined
  let keeper: WakeableWorker | undefined
  let isLost = false

  async function take(signal: AbortSignal): Promise<void> {
    session = await takeLock(() => openSession(url(), nameFor(address()), () => keeper?.wake()), signal)
  }

  async function keep(signal: AbortSignal): Promise<number> {
    if (isLost || session?.isOpen()) return LOOK_EVERY_MS
    if (session) log.warn({}, 'the connection of the instance lock is lost, taking it again')
    session = undefined
    await take(signal).catch((error: unknown) => {
      if (!(error instanceof InstanceTakenError)) throw error
      log.error({ err: error }, 'the instance lock went to another process')
      isLost = true
      onLost()
    })
    return LOOK_EVERY_MS
  }

  return {
    async acquire() {
      aborter = new AbortController()
      isLost = false
      const { signal } = aborter
      await take(signal)
      if (signal.aborted) await session?.client.end()
      signal.throwIfAborted()
      keeper = createLoop({ name: 'instance lock', log, turn: keep })
      keeper.start()
    },
    async announce() {
      if (session?.isOpen()) await session.client.query(sql`select set_config('application_name', ${nameFor(address())}, false)`)
    },
    async release() {
      aborter.abort()
      await keeper?.stop()
      await session?.client.end()
      session = undefined
    },
  }
}

/** Whether another process works on this database now as its instance. */
export async function isInstanceLocked(url: string): Promise<boolean> {
  const { client } = await openSession(url, 'tidings look', () => undefined)
  try {
    const holderName = await findHolder(client)
    // A lock of our own that was just given back may still be seen.
    return holderName !== undefined && NAME.exec(holderName)?.[1] !== String(process.pid)
  } finally {
    await client.end()
  }
}

interface Session {
  readonly client: pg.Client
  isOpen(): boolean
}

async function openSession(url: string, name: string, onEnd: () => void): Promise<Session> {
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

/** Tries until the lock is ours, someone else has had it for 5 s, or the database has been out of reach for 30 s. */
async function takeLock(open: () => Promise<Session>, signal: AbortSignal): Promise<Session> {
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

type Attempt = { kind: 'ours'; session: Session } | { kind: 'taken'; holderName: string | undefined }

/** A connection for each try: one that waited through a restart of the server would not be noticed. */
async function tryOnce(open: () => Promise<Session>): Promise<Attempt> {
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
