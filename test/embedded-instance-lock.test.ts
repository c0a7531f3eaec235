import pg from 'pg'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { createInstanceLock, InstanceTakenError, type InstanceLock } from '@tidings/server/db/instance-lock.ts'
import { createLog } from '@tidings/server/log.ts'
import { readConfig } from '@tidings/server/config/config.ts'
import { openPostgres } from '@tidings/server/wiring/postgres.ts'
import { createDataDirectories } from './support/data-directories.ts'
import { postmasterPid } from './support/embedded-process.ts'
import { queryOnce } from './support/query-once.ts'
import { createEmbeddedServers } from './support/embedded-servers.ts'

const log = createLog({ level: 'silent' })
const directories = createDataDirectories()
const servers = createEmbeddedServers()
const locks: InstanceLock[] = []

afterEach(async () => {
  await Promise.all(locks.splice(0).map((lock) => lock.release()))
  await servers.stopAll()
  await directories.removeAll()
})

function lockOf(
  url: () => string,
  { address = '', onLost = () => undefined }: { address?: string; onLost?: () => void } = {},
): InstanceLock {
  const lock = createInstanceLock({ url, address: () => address, onLost, log })
  locks.push(lock)
  return lock
}

test('a second instance is rejected with pid and address of the first, and admitted when that is gone', async () => {
  const { url } = await servers.start(await directories.make())
  const first = { address: '' }
  const lock = createInstanceLock({ url, address: () => first.address, onLost: () => undefined, log })
  locks.push(lock)
  await lock.acquire()
  first.address = 'http://127.0.0.1:8080'
  await lock.announce()
  const refusal = await lockOf(url)
    .acquire()
    .catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(InstanceTakenError)
  expect(refusal).toHaveProperty('message', expect.stringContaining(`pid ${process.pid}, http://127.0.0.1:8080`))
  const waiting = lockOf(url).acquire()
  await lock.release()
  await expect(waiting).resolves.toBeUndefined()
})

test('the instance lock is acquired again when postgres comes back after a crash', async () => {
  const dataDir = await directories.make()
  const { url } = await servers.start(dataDir)
  const onLost = vi.fn()
  await lockOf(url, { onLost }).acquire()
  const urlBefore = url()
  process.kill(await postmasterPid(dataDir), 'SIGKILL')
  await vi.waitFor(
    async () => {
      expect(url()).not.toBe(urlBefore)
      expect(
        await queryOnce(
          url(),
          `select application_name like 'tidings instance%' as "isHeld" from pg_locks join pg_stat_activity using (pid) where locktype = 'advisory'`,
        ),
      ).toEqual([{ isHeld: true }])
    },
    { timeout: 20_000, interval: 50 },
  )
  expect(onLost).not.toHaveBeenCalled()
})

test('an instance that lost its connection, and the lock to another, is notified', async () => {
  const { url } = await servers.start(await directories.make())
  const onLost = vi.fn()
  await lockOf(url, { onLost }).acquire()
  const [held] = await queryOnce<{ key: string; pid: number }>(
    url(),
    `select concat(classid, ',', objid) as key, pid from pg_locks where locktype = 'advisory'`,
  )
  const other = new pg.Client({ connectionString: url() })
  await other.connect()
  // queued, so it gets the lock in the moment that it is free
  const taken = other.query(`select pg_advisory_lock(${held?.key})`)
  await vi.waitFor(
    async () =>
      expect(await queryOnce(url(), `select from pg_locks where locktype = 'advisory' and not granted`)).toHaveLength(
        1,
      ),
    { interval: 20 },
  )
  await queryOnce(url(), `select pg_terminate_backend(${held?.pid})`)
  await taken
  await vi.waitFor(() => expect(onLost).toHaveBeenCalledOnce(), { timeout: 20_000, interval: 50 })
  await other.end()
})

test('a start ends the sessions that a killed process has left, and no others', async () => {
  const dataDir = await directories.make()
  const { url } = await servers.start(dataDir)
  const [left, other] = await Promise.all(
    ['tidings publish', 'psql'].map(async (name) => {
      const client = new pg.Client({ connectionString: url(), application_name: name })
      client.on('error', () => undefined)
      await client.connect()
      onTestFinished(() => client.end())
      return client
    }),
  )
  const statement = left?.query('select pg_sleep(600)').catch((error: unknown) => error)
  const postgres = await openPostgres({
    config: readConfig({ TIDINGS_DATA_DIR: dataDir }),
    log,
    onLost: () => undefined,
    signal: new AbortController().signal,
  })
  expect(await statement).toMatchObject({ code: '57P01' })
  expect((await other?.query('select 1 as one'))?.rows).toEqual([{ one: 1 }])
  await postgres.close()
})
