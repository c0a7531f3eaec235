import { spawn } from 'node:child_process'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { programArguments } from '@tidings/harness/program.ts'
import { createApp } from '@tidings/server/app.ts'
import { readConfig } from '@tidings/server/config/config.ts'
import { createEmbeddedServer } from '@tidings/embedded-postgres/embedded-server.ts'
import { PUBLISH_LOCKS } from '@tidings/server/db/advisory-locks.ts'
import { EVENT_CHANNEL } from '@tidings/server/db/event-channel.ts'
import { migrate } from '@tidings/server/db/migrate.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { startAppForTest } from './support/test-app.ts'
import { createDatabaseForTest, type TestDatabase } from './support/test-database.ts'
import { createDataDirectories } from './support/data-directories.ts'
import { isRunning, postmasterPid } from './support/embedded-process.ts'
import { queryOnce } from './support/query-once.ts'
import { runServiceToEnd } from './support/program-runner.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { eventually } from './support/service-fixtures.ts'
import { createGate } from './support/stepwise-service.ts'
import { mayStayIdle, sessionsWaitingForLock } from './support/database-sessions.ts'

const directories = createDataDirectories()

afterEach(() => directories.removeAll())

/** Starts the real process on this database, which it must reject. Returns its output. */
async function refusalOf({ url }: TestDatabase, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { code, stdout, stderr } = await runServiceToEnd({
    DATABASE_URL: url,
    TIDINGS_DATA_DIR: await directories.make(),
    LOG_LEVEL: 'error',
    ...env,
  })
  expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' })
  return stderr
}

/** As far as a start goes before it listens. */
async function open({ url }: TestDatabase, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const config = readConfig({ DATABASE_URL: url, TIDINGS_DATA_DIR: await directories.make(), ...env })
  const app = await createApp({ config, databaseUrl: () => url, isAlone: false, log: createRecordingLog().log })
  await app.stop()
}

const partitionsOf = async (database: TestDatabase) =>
  (await database.query<{ n: number }>(sql`select count(*) as n from partition`))[0]?.n

test('five processes migrate one empty database at once, each migration once', async () => {
  const database = await createDatabaseForTest({ isEmpty: true })
  await Promise.all(Array.from({ length: 5 }, () => migrate(database.url)))
  const [row] = await database.query<{ applied: number; newest: number }>(
    sql`select count(*) as applied, max(version) as newest from migration`,
  )
  expect(row?.applied).toBe(row?.newest)
})

test('a process that is stopped while it migrates holds up the others only for some seconds', async () => {
  const database = await createDatabaseForTest()
  const stopping = new AbortController()
  const [blocked, mayGoOn] = [createGate(), createGate()]
  const blocking = database.transaction(async (tx) => {
    await mayStayIdle(tx)
    await tx.query(sql`lock table migration in access exclusive mode`)
    blocked.open()
    await mayGoOn.opened
  })
  await blocked.opened
  const stopped = spawn(process.execPath, programArguments('server/main.ts'), {
    env: { ...process.env, DATABASE_URL: database.url, TIDINGS_DATA_DIR: await directories.make() },
    stdio: 'ignore',
    signal: stopping.signal,
    killSignal: 'SIGKILL',
  })
  const gone = new Promise((resolve) => void stopped.once('close', resolve))
  stopped.on('error', () => undefined)
  try {
    await eventually(() => sessionsWaitingForLock(database, 'tidings migrate')).toHaveLength(1)
    stopped.kill('SIGSTOP')
    mayGoOn.open()
    await blocking
    await migrate(database.url)
  } finally {
    stopping.abort()
    await gone
  }
})

test('two instances that start at once on one empty database both serve', async () => {
  const db = await createDatabaseForTest({ isEmpty: true })
  const apps = await Promise.all([startAppForTest({ db }), startAppForTest({ db })])
  const codes = await Promise.all(
    apps.map(({ client }) => client.call('GET', '/readycheck').then(({ status }) => status)),
  )
  expect(codes).toEqual([200, 200])
  expect(await partitionsOf(db)).toBe(32)
})

test('a schema one version ahead is accepted, two versions ahead is rejected', async () => {
  const database = await createDatabaseForTest()
  const addVersion = () =>
    database.query(sql`insert into migration (version, name) select max(version) + 1, 'later.sql' from migration`)
  await addVersion()
  await expect(open(database)).resolves.toBeUndefined()
  await addVersion()
  expect(await refusalOf(database)).toMatch(
    /^The database cannot be used:\n {2}- its schema has version \d+; this release knows \d+ and runs on \d+ at most; use a newer release\n$/,
  )
})

test('a database with synchronous_commit off is rejected', async () => {
  const database = await createDatabaseForTest()
  await queryOnce(
    database.url,
    `alter database ${new URL(database.url).pathname.slice(1)} set synchronous_commit = off`,
  )
  expect(await refusalOf(database)).toBe(
    'The database cannot be used:\n  - synchronous_commit is off: it can lose what it has confirmed; turn it on\n',
  )
})

test('a server with fsync and its like off is rejected, all of them named at once, and not left running', async () => {
  const dataDir = await directories.make()
  const server = createEmbeddedServer({ dataDir, log: createRecordingLog().log })
  await server.start()
  await server.stop()
  await appendFile(
    join(dataDir, 'postgres/postgresql.conf'),
    '\nfsync = off\nfull_page_writes = off\nsynchronous_commit = off\n',
  )
  const { code, stdout, stderr } = await runServiceToEnd({ TIDINGS_DATA_DIR: dataDir, LOG_LEVEL: 'error' })
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr: `The database cannot be used:
  - fsync is off: it can lose what it has confirmed; turn it on
  - full_page_writes is off: it can lose what it has confirmed; turn it on
  - synchronous_commit is off: it can lose what it has confirmed; turn it on
`,
  })
  const pid = await postmasterPid(dataDir).catch(() => undefined)
  expect(pid !== undefined && (await isRunning(pid))).toBe(false)
})

test('a database with an encoding other than UTF-8 is rejected', async () => {
  const database = await createDatabaseForTest({
    isEmpty: true,
    options: "template template0 encoding 'LATIN1' locale 'C'",
  })
  expect(await refusalOf(database)).toBe(
    `The database cannot be used:\n  - its encoding is LATIN1, which cannot hold every event: create it with encoding 'UTF8'\n`,
  )
})

test('the number of partitions is decided once: unset adopts it, another number is rejected', async () => {
  const database = await createDatabaseForTest({ isEmpty: true })
  await open(database, { TIDINGS_PARTITIONS: '5' })
  await open(database)
  expect(await partitionsOf(database)).toBe(5)
  expect(await refusalOf(database, { TIDINGS_PARTITIONS: '6' })).toContain(
    '  - it has 5 partitions, but TIDINGS_PARTITIONS is 6;',
  )
  expect(await partitionsOf(database)).toBe(5)
})

const PARTITIONS_FIXED = 'the number is fixed when the database is first created'

test('a database made for another broker is rejected, together with the other reasons', async () => {
  const database = await createDatabaseForTest({ isEmpty: true })
  await open(database)
  await database.query(sql`update installation set broker_kind = 'rabbitmq'`)
  expect(await refusalOf(database, { TIDINGS_PARTITIONS: '8' })).toBe(`The database cannot be used:
  - it has 32 partitions, but TIDINGS_PARTITIONS is 8; ${PARTITIONS_FIXED}; set 32 or leave it unset
  - its broker is RabbitMQ, but BROKER_URL is not set; set it, events may be waiting in the queues
`)
})

test('a port in use stops the start, and the settings that choose it are named', async () => {
  const database = await createDatabaseForTest()
  const app = await startAppForTest({ db: database })
  expect(await refusalOf(database, { TAPIS_SERVICE_PORT: new URL(app.url).port })).toMatch(
    /cannot listen on HOST and TAPIS_SERVICE_PORT: listen EADDRINUSE/,
  )
})

test.each([
  [
    'a wrong password',
    (url: URL) => {
      url.password = 'wrong'
    },
    /password authentication failed/,
  ],
  [
    'a database that does not exist',
    (url: URL) => {
      url.pathname = '/no_such_database'
    },
    /database "no_such_database" does not exist/,
  ],
])('%s is an error of the configuration, not an outage to wait for', async (_what, spoil, words) => {
  const url = new URL((await createDatabaseForTest()).url)
  spoil(url)
  const { code, stdout, stderr } = await runServiceToEnd({
    DATABASE_URL: url.href,
    TIDINGS_DATA_DIR: await directories.make(),
  })
  expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(words)
})

test('a start that fails closes its connections', async () => {
  const database = await createDatabaseForTest({ isEmpty: true })
  await open(database, { TIDINGS_PARTITIONS: '5' })
  await expect(open(database, { TIDINGS_PARTITIONS: '6' })).rejects.toThrow('it has 5 partitions')
  await vi.waitFor(
    async () => {
      const rows = await database.query(
        sql`select application_name from pg_stat_activity where datname = current_database()
          and application_name like 'tidings%' and pid <> pg_backend_pid()`,
      )
      expect(rows.filter((row) => JSON.stringify(row) !== '{"application_name":"tidings test"}')).toEqual([])
    },
    { timeout: 20_000, interval: 20 },
  )
})

test('publish_records takes the lock that a redrive takes, and notifies where dispatch listens', async () => {
  const database = await createDatabaseForTest()
  const functions = await database.query<{ source: string }>(
    sql`select prosrc as source from pg_proc where proname = 'publish_records'`,
  )
  expect(functions, 'the one in use, and that of the release before').toHaveLength(2)
  for (const { source } of functions) {
    expect(source).toContain(`pg_advisory_xact_lock(${PUBLISH_LOCKS}, id)`)
    expect(source).toContain(`pg_notify('${EVENT_CHANNEL}', '')`)
  }
})
