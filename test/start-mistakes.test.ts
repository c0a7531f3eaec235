import { generateKeyPairSync } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findFreePort } from '@tidings/harness/free-port.ts'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { createDatabaseForTest } from './support/test-database.ts'
import { createDataDirectories } from './support/data-directories.ts'
import { refusalOf } from './support/refused-start.ts'
import { createTenantLists } from './support/tenants-lists.ts'
import { startTenantsServer } from './support/tenants-server.ts'
import { startWatchedService } from './support/watched-service.ts'

const directories = createDataDirectories()

afterEach(() => directories.removeAll())

describe('a misspelt name', () => {
  test.each([{ DATABSE_URL: 'postgres://db/x' }, { tidings_role: 'api' }, { TAPIS_DB_PASWORD: 'x' }])(
    'stops the start: %j',
    async (env) => {
      const [[name] = []] = Object.entries(env)
      expect(await refusalOf(env)).toMatch(
        new RegExp(
          `^The configuration has 1 error\\(s\\):\\n {2}- ${name}: no such variable; did you mean \\w+\\? Rename it, or unset it\\n$`,
        ),
      )
    },
  )

  test('and unknown ones are reported in one line, but links of Kubernetes are not', async () => {
    const { url } = await createDatabaseForTest()
    const start = startWatchedService({
      DATABASE_URL: url,
      TIDINGS_DATA_DIR: await directories.make(),
      TIDINGS_PORT: '9',
      TIDINGS_RETENTION_HOURS: '5',
      TAPIS_QUEUE_ADMIN_USER: 'tapis',
      DATABASE_PORT: 'tcp://10.0.0.3:5432',
      TIDINGS_API_SERVICE_HOST: '10.0.0.1',
      TIDINGS_API_SERVICE_PORT: '80',
      TAPIS_NOTIFICATIONS_PORT_8080_TCP: 'tcp://10.0.0.2:8080',
      TAPIS_NOTIFICATIONS_PORT: 'tcp://10.0.0.2:8080',
      HOST: 'localhost',
    })
    await start.isReady()
    expect(start.logged('variables that this service does not know are not read')).toMatchObject([
      {
        level: 40,
        names:
          'TIDINGS_PORT (did you mean TAPIS_SERVICE_PORT?), TIDINGS_RETENTION_HOURS (did you mean RETENTION_HOURS?)',
      },
    ])
    expect(start.logged('variables of Tapis Notifications that have no use here are not read')).toMatchObject([
      { level: 30, names: 'TAPIS_QUEUE_ADMIN_USER' },
    ])
    expect(start.log.join('\n')).not.toMatch(/SERVICE_HOST|DATABASE_PORT|TAPIS_NOTIFICATIONS_PORT/)
    await expect.poll(() => start.logged('partitions taken')).toMatchObject([{ partitions: '0-31' }])
    expect(await start.end()).toBe(0)
    expect(start.output).toEqual([expect.stringMatching(/^ready http:\/\/127\.0\.0\.1:\d+$/)])
  })
})

test('a RabbitMQ that is down at the start: ready, and one line for all connections and partitions', async () => {
  const [{ url }, port] = await Promise.all([createDatabaseForTest(), findFreePort()])
  const start = startWatchedService({
    DATABASE_URL: url,
    BROKER_URL: `amqp://u:s3cret@127.0.0.1:${port}`,
    TIDINGS_DATA_DIR: await directories.make(),
  })
  await start.isReady()
  await start.waitForLog('partitions taken')
  // The channels give up waiting for a connection after 2.5 s: as long as that lasts, and once more.
  await expect
    .poll(() => Date.now() - Number(start.logged('partitions taken')[0]?.['time']), { timeout: 30_000 })
    .toBeGreaterThan(6000)
  // The canary, which no broker accepts, is a failure of its own.
  const lines = start.log
    .map((line) => JSON.parse(line) as { level: number; loop?: string })
    .filter(({ level, loop }) => level >= 40 && loop !== undefined && loop !== 'canary')
  expect(lines).toEqual([
    expect.objectContaining({
      level: 40,
      loop: 'rabbitmq',
      reason: `nothing listens at 127.0.0.1:${port} (ECONNREFUSED)`,
      msg: 'failing, will be retried',
    }),
  ])
  expect(start.log.join('\n')).not.toMatch(/s3cret|"stack"/)
  await start.end()
})

describe('the own site', () => {
  const { publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const lists = () =>
    createTenantLists({ admin: { publicKey }, dev: { publicKey }, other: { publicKey } } as Parameters<
      typeof createTenantLists
    >[0])

  test('that is not in TENANTS_FILE stops the start, with the sites that are', async () => {
    const [{ url }, directory] = await Promise.all([createDatabaseForTest(), directories.make()])
    const path = join(directory, 'tenants.json')
    await mkdir(directory, { recursive: true })
    await writeFile(path, JSON.stringify(lists()))
    expect(
      await refusalOf({ DATABASE_URL: url, TENANTS_FILE: path, TAPIS_SITE_ID: 'devv', HOST: '127.0.0.1' }),
    ).toMatch(
      new RegExp(
        `^TAPIS_SITE_ID: there is no site devv in the list of TENANTS_FILE ${path}; it has .*dev.*; did you mean dev\\?\\n$`,
      ),
    )
  })

  test('that the Tenants service does not list stops the start; it waits for a service that is down', async () => {
    const [{ url }, service] = await Promise.all([createDatabaseForTest(), startTenantsServer(lists())])
    onTestFinished(() => service.close())
    const env = {
      DATABASE_URL: url,
      TAPIS_TENANT_SVC_BASEURL: service.baseUrl,
      TAPIS_SITE_ID: 'elsewhere',
      HOST: '127.0.0.1',
    }
    expect(await refusalOf(env)).toMatch(
      /^TAPIS_SITE_ID: there is no site elsewhere in the list of the Tenants service http/,
    )
    const port = await findFreePort()
    const start = startWatchedService({
      ...env,
      TAPIS_TENANT_SVC_BASEURL: `http://127.0.0.1:${port}`,
      TIDINGS_DATA_DIR: await directories.make(),
    })
    await start.isReady()
    expect(start.logged('tenants: load failed, the last good lists stay in force')).toMatchObject([
      { level: 40, reason: `nothing listens at 127.0.0.1:${port} (ECONNREFUSED)` },
    ])
    await start.end()
  })
})

test('a tenants file that is missing, or no file: why', async () => {
  const [{ url }, directory] = await Promise.all([createDatabaseForTest(), directories.make()])
  await mkdir(directory, { recursive: true })
  expect(await refusalOf({ DATABASE_URL: url, TENANTS_FILE: join(directory, 'no.json') })).toBe(
    `TENANTS_FILE ${join(directory, 'no.json')} cannot be read: there is no such file\n`,
  )
  expect(await refusalOf({ DATABASE_URL: url, TENANTS_FILE: directory })).toBe(
    `TENANTS_FILE ${directory} cannot be read: it is a directory\n`,
  )
})

test('a data directory that is a file, or below one: the variable is named', async () => {
  const directory = await directories.make()
  await mkdir(directory, { recursive: true })
  const file = join(directory, 'file')
  await writeFile(file, '')
  expect(await refusalOf({ TIDINGS_DATA_DIR: file })).toBe(
    `TIDINGS_DATA_DIR ${file} cannot be used: it is a file; choose another directory, or move the file away\n`,
  )
  expect(await refusalOf({ TIDINGS_DATA_DIR: join(file, 'inner') })).toBe(
    `TIDINGS_DATA_DIR ${join(file, 'inner')} cannot be used: a part of its path is a file; choose another directory, or move the file away\n`,
  )
  expect(await refusalOf({ TIDINGS_DATA_DIR: '/proc/no/such' })).toMatch(
    /^TIDINGS_DATA_DIR \/proc\/no\/such cannot be used: (no directory can be created there|this user may not write there|a part of its path|its file system)/,
  )
  expect(await refusalOf({ TIDINGS_DATA_DIR: join(directory, 'x'.repeat(300)) })).toContain(
    'cannot be used: its path is too long',
  )
})
