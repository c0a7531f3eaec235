import { chown, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openClient } from '@tidings/server/db/pg-client.ts'
import { connectionRefusal } from '@tidings/server/db/database-unavailable.ts'
import { createDatabase } from '@tidings/server/db/database.ts'
import { chooseRunUser } from '@tidings/embedded-postgres/run-user.ts'
import { createEmbeddedServer, type EmbeddedServer } from '@tidings/embedded-postgres/embedded-server.ts'
import { migrate } from '@tidings/server/db/migrate.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { createEventListener } from '@tidings/server/dispatch/event-listener.ts'
import { createDataDirectories } from './support/data-directories.ts'
import { runServiceToEnd } from './support/program-runner.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { TEST_CERTIFICATE, TEST_CERTIFICATE_KEY } from './support/tls-fixture.ts'

const directories = createDataDirectories()
const { log } = createRecordingLog()
let server: EmbeddedServer
let files: string

beforeAll(async () => {
  const dataDir = await directories.make()
  files = dirname(dataDir)
  const user = await chooseRunUser()
  for (const [name, content] of [
    ['server.pem', TEST_CERTIFICATE],
    ['server.key', TEST_CERTIFICATE_KEY],
  ] as const) {
    const path = join(files, name)
    await writeFile(path, content, { mode: 0o600 })
    if (user && name === 'server.key') await chown(path, user.uid, user.gid)
    if (user && name === 'server.pem') await chown(path, user.uid, user.gid)
  }
  server = createEmbeddedServer({
    dataDir,
    log,
    settings: [`ssl_cert_file=${join(files, 'server.pem')}`, `ssl_key_file=${join(files, 'server.key')}`],
  })
  await server.start()
  await setTls('on')
}, 60_000)

afterAll(async () => {
  await server.stop()
  await directories.removeAll()
})

const addressWith = (query: string, host = '127.0.0.1') =>
  server.url().replace('sslmode=disable', query).replace('127.0.0.1', host)

/** Asks over a connection by an address with these parameters. */
async function ask<Row>(
  query: string,
  statement = sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`,
  host = '127.0.0.1',
): Promise<Row[]> {
  const url = addressWith(query, host)
  const db = createDatabase({
    url: () => url,
    schema: undefined,
    name: 'tls',
    maxConnections: 1,
    statementTimeoutMs: 5000,
    answerTimeoutMs: 5000,
    log,
  })
  try {
    return await db.query<Row>(statement)
  } finally {
    await db.close()
  }
}

const refusalOf = (query: string, host?: string) =>
  ask(query, undefined, host).then(
    () => undefined,
    (error: unknown) => connectionRefusal(error, server.url()),
  )

async function setTls(to: 'on' | 'off'): Promise<void> {
  await ask('sslmode=disable', to === 'on' ? sql`alter system set ssl = on` : sql`alter system set ssl = off`)
  await reload()
  await vi.waitFor(async () => expect(await ask('sslmode=disable', sql`show ssl`)).toEqual([{ ssl: to }]), {
    timeout: 10_000,
  })
}

const reload = () => ask('sslmode=disable', sql`select pg_reload_conf()`)

test.each([
  ['', false],
  ['sslmode=disable', false],
  ['sslmode=allow', false],
  ['sslmode=prefer', true],
  ['sslmode=require', true],
  ['sslmode=no-verify', true],
  ['sslmode=require&uselibpqcompat=true', true],
] as const)('a server with a certificate of its own, %s: encrypted %s', async (query, ssl) => {
  expect(await ask(query)).toEqual([{ ssl }])
})

test.each(['verify-full', 'verify-ca', 'require'])('%s with the authority: encrypted', async (mode) => {
  expect(await ask(`sslmode=${mode}&sslrootcert=${join(files, 'server.pem')}`)).toEqual([{ ssl: true }])
})

test('a rejected certificate ends the wait, with an explanation', async () => {
  expect(await refusalOf('sslmode=verify-full')).toMatch(
    /^TLS with the server failed: self-signed certificate; .*sslrootcert/,
  )
  expect(await refusalOf('ssl=true')).toMatch(/self-signed/)
  expect(await refusalOf('sslmode=verify-ca')).toMatch(/needs sslrootcert/)
  const rootcert = `sslrootcert=${join(files, 'server.pem')}`
  expect(await refusalOf(`sslmode=verify-full&${rootcert}`, 'localhost')).toMatch(/localhost/)
  expect(await refusalOf(`sslmode=verify-ca&${rootcert}`, 'localhost')).toBeUndefined()
  expect(await refusalOf('sslmode=require&sslrootcert=/not/there')).toMatch(/^sslrootcert: ENOENT/)
  expect(await refusalOf('sslmode=whatever')).toMatch(/^sslmode=whatever is unknown/)
})

test('the start exits with 1 and says why, rather than wait', async () => {
  const { code, stderr } = await runServiceToEnd({
    DATABASE_URL: addressWith('sslmode=verify-full'),
    TIDINGS_DATA_DIR: await directories.make(),
    LOG_LEVEL: 'error',
  })
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining('TLS with the server failed: self-signed certificate') as string,
  })
})

test('a server that accepts only encrypted connections: allow encrypts', async () => {
  const [row] = await ask<{ path: string }>('sslmode=disable', sql`select current_setting('hba_file') as path`)
  const path = row?.path ?? ''
  const before = await readFile(path, 'utf8')
  try {
    await writeFile(path, before.replaceAll(/^host /gm, 'hostssl '))
    await ask('sslmode=require', sql`select pg_reload_conf()`)
    await expect.poll(() => refusalOf('sslmode=disable'), { timeout: 10_000 }).toMatch(/no encryption/)
    expect(await ask('sslmode=allow')).toEqual([{ ssl: true }])
  } finally {
    await writeFile(path, before)
    await ask('sslmode=require', sql`select pg_reload_conf()`)
  }
  await expect.poll(() => refusalOf('sslmode=disable'), { timeout: 10_000 }).toBeUndefined()
})

test('a server without TLS: prefer goes without, require is rejected with an explanation', async () => {
  await setTls('off')
  expect(await ask('sslmode=prefer')).toEqual([{ ssl: false }])
  expect(await refusalOf('sslmode=require')).toMatch(/does not offer TLS/)
  expect(await refusalOf('sslmode=no-verify')).toMatch(/does not offer TLS/)
})

test('separate connections choose by themselves, and encrypt again as soon as the server does', async () => {
  await setTls('off')
  expect(await isEncrypted('sslmode=prefer')).toBe(false)
  expect(await migrate(addressWith('sslmode=prefer'))).toBe('tidings')
  const heard = vi.fn()
  const listener = createEventListener({ url: () => addressWith('sslmode=prefer'), onHint: heard, log })
  listener.start()
  await vi.waitFor(() => expect(heard).toHaveBeenCalled(), { timeout: 10_000 })
  await listener.stop()
  await setTls('on')
  expect(await isEncrypted('sslmode=prefer')).toBe(true)
})

async function isEncrypted(query: string): Promise<boolean | undefined> {
  const client = await openClient(addressWith(query), { name: 'tls' })
  try {
    const {
      rows: [row],
    } = await client.query<{ ssl: boolean }>('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
    return row?.ssl
  } finally {
    await client.end()
  }
}

test('no parameter of an address removes a setting that the service needs; others stay', async () => {
  const options = [
    'search_path=pg_catalog',
    'work_mem=9MB',
    'tcp_keepalives_idle=0',
    'client_connection_check_interval=0',
    'statement_timeout=1',
    'lock_timeout=1',
    'idle_in_transaction_session_timeout=1',
    'default_transaction_isolation=serializable',
    'timezone=Mars',
    'idle_session_timeout=1',
    'application_name=x',
  ]
    .map((setting) => `-c ${setting}`)
    .join(' ')
    .replace('Mars', 'Asia/Kathmandu')
  const [row] = await ask(
    `options=${encodeURIComponent(options)}&application_name=y&statement_timeout=2`,
    sql`
    select current_setting('work_mem') as memory, current_setting('client_connection_check_interval') as "check",
    current_setting('statement_timeout') as statement,
           current_setting('lock_timeout') as lock, current_setting('idle_in_transaction_session_timeout') as idle,
           current_setting('transaction_isolation') as isolation, current_setting('timezone') as zone,
           current_setting('application_name') as name, current_setting('idle_session_timeout') as session`,
  )
  expect(row).toEqual({
    memory: '9MB',
    check: '1s',
    statement: '5s',
    lock: '0',
    idle: '3s',
    isolation: 'read committed',
    zone: 'UTC',
    name: 'tidings tls',
    session: '0',
  })
})
