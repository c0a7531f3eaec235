import { spawn, spawnSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findFreePort } from '@tidings/harness/free-port.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { afterEach, describe, expect, inject, onTestFinished, test } from 'vitest'
import { createDatabaseForTest } from './support/database.ts'
import { ROOT } from './support/dockerfile.ts'
import { createDataDirectories } from './support/embedded-directories.ts'
import { ask } from './support/embedded-query.ts'
import { runProgram, runService } from './support/failed-start.ts'
import { createLists } from './support/tenants-lists.ts'
import { startTenantsService } from './support/tenants-service.ts'
import { watchStart } from './support/watched-start.ts'

const directories = createDataDirectories()

afterEach(() => directories.removeAll())

type Env = Readonly<Record<string, string>>

/** What a start says that ends with 1 and is ready never. */
async function refusalOf(env: Env): Promise<string> {
  const { code, stdout, stderr } = await runService({ LOG_LEVEL: 'error', TIDINGS_DATA_DIR: await directories.make(), ...env })
  expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' })
  return stderr
}

/** A role without rights, dropped with what it owns when the test is over. */
async function makeRole(): Promise<{ name: string; on: (url: string) => string }> {
  const name = `tidings_role_${randomBytes(4).toString('hex')}`
  await ask(inject('databaseServer'), `create role ${name} login password 'pw'`)
  onTestFinished(async () => {
    await ask(inject('databaseServer'), `drop role ${name}`)
  })
  return { name, on: (url) => Object.assign(new URL(url), { username: name, password: 'pw' }).href }
}

describe('a name that is misspelt', () => {
  test.each([{ DATABSE_URL: 'postgres://db/x' }, { tidings_role: 'api' }, { TAPIS_DB_PASWORD: 'x' }])('stops the start: %j', async (env) => {
    const [[name] = []] = Object.entries(env)
    expect(await refusalOf(env)).toMatch(new RegExp(`^The configuration has 1 fault\\(s\\):\\n {2}- ${name}: no such variable; \\w+ is meant\\? Rename it, or unset it\\n$`))
  })

  test('and one that is not known is told in one line, beside links of Kubernetes that are not', async () => {
    const { url } = await createDatabaseForTest()
    const start = watchStart({
      DATABASE_URL: url, TIDINGS_DATA_DIR: await directories.make(), TIDINGS_PORT: '9', TIDINGS_RETENTION_HOURS: '5', TAPIS_QUEUE_ADMIN_USER: 'tapis', DATABASE_PORT: 'tcp://10.0.0.3:5432',
      TIDINGS_API_SERVICE_HOST: '10.0.0.1', TIDINGS_API_SERVICE_PORT: '80', TAPIS_NOTIFICATIONS_PORT_8080_TCP: 'tcp://10.0.0.2:8080', TAPIS_NOTIFICATIONS_PORT: 'tcp://10.0.0.2:8080', HOST: 'localhost',
    })
    await start.isReady()
    expect(start.said('variables that this service does not know are not read')).toMatchObject([{ level: 40, names: 'TIDINGS_PORT (TAPIS_SERVICE_PORT is meant?), TIDINGS_RETENTION_HOURS (RETENTION_HOURS is meant?)' }])
    expect(start.said('variables of Tapis Notifications that have no use here are not read')).toMatchObject([{ level: 30, names: 'TAPIS_QUEUE_ADMIN_USER' }])
    expect(start.log.join('\n')).not.toMatch(/SERVICE_HOST|DATABASE_PORT|TAPIS_NOTIFICATIONS_PORT/)
    await expect.poll(() => start.said('partitions taken')).toMatchObject([{ partitions: '0-31' }])
    expect(await start.end()).toBe(0)
    expect(start.output).toEqual([expect.stringMatching(/^ready http:\/\/127\.0\.0\.1:\d+$/)])
  })
})

test('the database of the deployer\'s variables is used, and told without its password', async () => {
  const { url } = await createDatabaseForTest()
  const { hostname, port, pathname, username, password } = new URL(url)
  const start = watchStart({
    TAPIS_DB_JDBC_URL: `jdbc:postgresql://${hostname}:${port}${pathname}`, TAPIS_DB_USER: decodeURIComponent(username), TAPIS_DB_PASSWORD: decodeURIComponent(password), TIDINGS_DATA_DIR: await directories.make(),
  })
  expect(await start.says('the database is')).toMatchObject({ database: `${username}@${hostname}:${port}${pathname}`, from: 'TAPIS_DB_JDBC_URL' })
  await start.isReady()
  await start.end()
  expect(start.log.join('\n')).not.toContain(decodeURIComponent(password))
})

describe('a database that is not made for the service', () => {
  test('a name that does not exist: the statement that makes it', async () => {
    const url = new URL((await createDatabaseForTest()).url)
    url.pathname = '/not there'
    expect(await refusalOf({ DATABASE_URL: url.href })).toContain(`database "not there" does not exist; make it: create database "not there" owner "${url.username}" encoding 'UTF8' template template0;`)
  })

  test('a role that does not exist, or with another password: the statement that makes it', async () => {
    const url = Object.assign(new URL((await createDatabaseForTest()).url), { username: 'nobody', password: 's3cret' })
    const said = await refusalOf({ DATABASE_URL: url.href })
    expect(said).toMatch(/create role "nobody" login password '\.\.\.';/)
    expect(said).not.toContain('s3cret')
  })

  test('a role that may not connect: the grant', async () => {
    const database = await createDatabaseForTest({ isEmpty: true })
    const role = await makeRole()
    const name = new URL(database.url).pathname.slice(1)
    await ask(database.url, `revoke connect on database ${name} from public`)
    expect(await refusalOf({ DATABASE_URL: role.on(database.url) })).toContain(`permission denied for database "${name}"; allow it: grant connect on database "${name}" to "${role.name}";`)
  })

  test('a role that may not make tables: the grant, which then is enough', async () => {
    const database = await createDatabaseForTest({ isEmpty: true })
    const role = await makeRole()
    onTestFinished(() => ask(database.url, `drop owned by ${role.name}`).then(() => undefined))
    const said = await refusalOf({ DATABASE_URL: role.on(database.url) })
    expect(said).toContain(`the role ${role.name} may not make the schema tidings; as the owner of the database: create schema tidings authorization ${role.name}, or: `)
    const [, grant = ''] = /, or: (grant .*)$/m.exec(said) ?? []
    expect(grant).toContain(`to ${role.name}`)
    await ask(database.url, grant)
    const start = watchStart({ DATABASE_URL: role.on(database.url), TIDINGS_DATA_DIR: await directories.make() })
    await start.isReady()
    await start.end()
  })

  test('tables of somebody else in our schema: whose, and the cause', async () => {
    const database = await createDatabaseForTest({ isEmpty: true })
    await database.query(sql`create schema tidings`)
    await database.query(sql`create table tidings.subscription (id integer)`)
    const said = await refusalOf({ DATABASE_URL: database.url })
    expect(said).toMatch(/migration 0001_initial\.sql failed: relation "subscription" already exists \(SQLSTATE 42P07\)/)
    expect(said).toMatch(/is in use by something else: in its schema tidings are the tables .*subscription \(of \w+\)/)
    expect(said).toContain('create database "tidings" owner')
  })

  test('a table of migrations in our schema that another tool keeps', async () => {
    const database = await createDatabaseForTest({ isEmpty: true })
    await database.query(sql`create schema tidings`)
    await database.query(sql`create table tidings.migration (id text, done boolean)`)
    expect(await refusalOf({ DATABASE_URL: database.url })).toMatch(/column "version" does not exist \(SQLSTATE 42703\)\n {2}- the database \w+ is in use by something else: in its schema tidings are the tables migration \(of \w+\);/)
  })

  test('tables of somebody else elsewhere do not matter', async () => {
    const database = await createDatabaseForTest({ isEmpty: true })
    await database.query(sql`create table event (id integer)`)
    await database.query(sql`create table migration (id text, done boolean)`)
    const start = watchStart({ DATABASE_URL: database.url, TIDINGS_DATA_DIR: await directories.make() })
    await start.isReady()
    expect(await start.end()).toBe(0)
  })
})

test('a database that is away at the start: one line in words, no stack, and one when it is there', async () => {
  const port = await findFreePort()
  const start = watchStart({ DATABASE_URL: `postgres://u:s3cret@127.0.0.1:${port}/x`, TIDINGS_DATA_DIR: await directories.make() })
  expect(await start.says('the database cannot be reached, will be tried until it can')).toMatchObject({ level: 40, reason: `nothing listens at 127.0.0.1:${port} (ECONNREFUSED)` })
  expect(start.log.join('\n')).not.toMatch(/s3cret|"stack"| {4}at /)
  expect(await start.end()).toBe(0)
  expect(start.output).toEqual([])
})

test('a RabbitMQ that is away at the start: ready, and one line for all connections and partitions', async () => {
  const [{ url }, port] = await Promise.all([createDatabaseForTest(), findFreePort()])
  const start = watchStart({ DATABASE_URL: url, BROKER_URL: `amqp://u:s3cret@127.0.0.1:${port}`, TIDINGS_DATA_DIR: await directories.make() })
  await start.isReady()
  await start.says('partitions taken')
  // The channels give up waiting for a connection after 2.5 s: as long as that lasts, and once more.
  await expect.poll(() => Date.now() - Number(start.said('partitions taken')[0]?.['time']), { timeout: 30_000 }).toBeGreaterThan(6000)
  // The canary, which no broker takes, is a fault of its own.
  const lines = start.log.map((line) => JSON.parse(line) as { level: number; loop?: string }).filter(({ level, loop }) => level >= 40 && loop !== undefined && loop !== 'canary')
  expect(lines).toEqual([expect.objectContaining({ level: 40, loop: 'rabbitmq', reason: `nothing listens at 127.0.0.1:${port} (ECONNREFUSED)`, msg: 'failing, will be retried' })])
  expect(start.log.join('\n')).not.toMatch(/s3cret|"stack"/)
  await start.end()
})

describe('the own site', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
  const lists = () => createLists({ admin: { publicKey }, dev: { publicKey }, other: { publicKey } } as Parameters<typeof createLists>[0])

  test('that is not in TENANTS_FILE stops the start, with the sites that are', async () => {
    const [{ url }, directory] = await Promise.all([createDatabaseForTest(), directories.make()])
    const path = join(directory, 'tenants.json')
    await mkdir(directory, { recursive: true })
    await writeFile(path, JSON.stringify(lists()))
    expect(await refusalOf({ DATABASE_URL: url, TENANTS_FILE: path, TAPIS_SITE_ID: 'devv', HOST: '127.0.0.1' })).toMatch(new RegExp(`^TAPIS_SITE_ID: there is no site devv in the list of TENANTS_FILE ${path}; it has .*dev.*; dev is meant\\?\\n$`))
  })

  test('that the Tenants service does not list stops the start; a service that is away is waited for, and told in words', async () => {
    const [{ url }, service] = await Promise.all([createDatabaseForTest(), startTenantsService(lists())])
    onTestFinished(() => service.close())
    const env = { DATABASE_URL: url, TAPIS_TENANT_SVC_BASEURL: service.baseUrl, TAPIS_SITE_ID: 'elsewhere', HOST: '127.0.0.1' }
    expect(await refusalOf(env)).toMatch(/^TAPIS_SITE_ID: there is no site elsewhere in the list of the Tenants service http/)
    const port = await findFreePort()
    const start = watchStart({ ...env, TAPIS_TENANT_SVC_BASEURL: `http://127.0.0.1:${port}`, TIDINGS_DATA_DIR: await directories.make() })
    await start.isReady()
    expect(start.said('tenants: load failed, what is known stays in force')).toMatchObject([{ level: 40, reason: `nothing listens at 127.0.0.1:${port} (ECONNREFUSED)` }])
    await start.end()
  })
})

test('a tenants file that is missing, or no file: why', async () => {
  const [{ url }, directory] = await Promise.all([createDatabaseForTest(), directories.make()])
  await mkdir(directory, { recursive: true })
  expect(await refusalOf({ DATABASE_URL: url, TENANTS_FILE: join(directory, 'no.json') })).toBe(`TENANTS_FILE ${join(directory, 'no.json')} cannot be read: there is no such file\n`)
  expect(await refusalOf({ DATABASE_URL: url, TENANTS_FILE: directory })).toBe(`TENANTS_FILE ${directory} cannot be read: it is a directory\n`)
})

test('a data directory that is a file, or below one: the variable is named', async () => {
  const directory = await directories.make()
  await mkdir(directory, { recursive: true })
  const file = join(directory, 'file')
  await writeFile(file, '')
  expect(await refusalOf({ TIDINGS_DATA_DIR: file })).toBe(`TIDINGS_DATA_DIR ${file} cannot be used: it is a file; choose another directory, or move the file away\n`)
  expect(await refusalOf({ TIDINGS_DATA_DIR: join(file, 'inner') })).toBe(`TIDINGS_DATA_DIR ${join(file, 'inner')} cannot be used: a part of its path is a file; choose another directory, or move the file away\n`)
  expect(await refusalOf({ TIDINGS_DATA_DIR: '/proc/no/such' })).toMatch(/^TIDINGS_DATA_DIR \/proc\/no\/such cannot be used: (no directory can be made there|this user may not write there|a part of its path|its file system)/)
  expect(await refusalOf({ TIDINGS_DATA_DIR: join(directory, 'x'.repeat(300)) })).toContain('cannot be used: its path is too long')
})

describe('the command line', () => {
  test('--help and --version answer and start nothing, even where the configuration is wrong', async () => {
    expect(await runProgram('server/main.ts', ['--help'], { TIDINGS_ROL: 'x' })).toEqual({ code: 0, stdout: expect.stringMatching(/npm start[\s\S]*docs\/config\.md[\s\S]*docs\/operations\.md/) as string, stderr: '' })
    expect(await runProgram('server/main.ts', ['--version'], { TIDINGS_ROL: 'x' })).toEqual({ code: 0, stdout: expect.stringMatching(/^tidings \d+\.\d+\.\d+\n$/) as string, stderr: '' })
  })

  test.each([[['--helpp'], '--help is meant?'], [['--port', '8090'], 'environment variables'], [['server'], 'unexpected argument: server']])('%j ends with 2 and what may be given', async (args, words) => {
    const { code, stdout, stderr } = await runProgram('server/main.ts', args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(words)
    expect(stderr).toContain('npm start')
  })
})

/** Gives a program a terminal; of util-linux. */
const hasScript = spawnSync('script', ['--version']).status === 0

test.skipIf(!hasScript)('in a terminal, a start ends with where to look next; elsewhere standard output has its one line', async () => {
  const [{ url }, directory] = await Promise.all([createDatabaseForTest(), directories.make()])
  const command = `env DATABASE_URL=${url} TIDINGS_DATA_DIR=${directory} TAPIS_SERVICE_PORT=0 ${process.execPath} --import tsx server/main.ts`
  const child = spawn('script', ['-qefc', command, '/dev/null'], { cwd: ROOT, env: { PATH: process.env.PATH ?? '', TERM: 'dumb' }, stdio: ['pipe', 'pipe', 'ignore'] })
  const gone = new Promise((resolve) => void child.once('close', resolve))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await gone
  })
  let seen = ''
  child.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString()
  })
  await expect.poll(() => seen, { timeout: 60_000 }).toContain('Ctrl-C finishes what is in flight')
  const [, address = ''] = /^ready (http:\S+)\r?$/m.exec(seen) ?? []
  expect(seen).toContain(`Tidings listens on ${address}`)
  expect(seen).toContain(`${address}/v3/notifications/docs`)
  expect(seen).toContain('npm run --silent token -- --service jobs --tenant dev')
  child.stdin.write('\u0003') // Ctrl-C, as a terminal gives it to the program
  await gone
})

describe('before anything else', () => {
  const preflight = (file: string) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [file], { encoding: 'utf8' })
    return { status, stdout, stderr }
  }

  test('packages that are not installed are told, with the command; where they are, nothing is', async () => {
    const directory = await directories.make()
    await mkdir(join(directory, 'server'), { recursive: true })
    await copyFile(join(ROOT, 'server/preflight.cjs'), join(directory, 'server/preflight.cjs'))
    expect(preflight(join(directory, 'server/preflight.cjs'))).toEqual({ status: 1, stdout: '', stderr: expect.stringMatching(/^The packages are not installed[\s\S]*npm ci/) as string })
    expect(preflight(join(ROOT, 'server/preflight.cjs'))).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  test.each(['18.20.8', '20.18.3', '12.22.12'])('Node.js %s is told that it is too old', async (version) => {
    const directory = await directories.make()
    await mkdir(directory, { recursive: true })
    const text = await readFile(join(ROOT, 'server/preflight.cjs'), 'utf8')
    const file = join(directory, 'preflight.cjs')
    await writeFile(file, text.replace('process.versions.node)', `'${version}')`))
    expect(preflight(file)).toEqual({ status: 1, stdout: '', stderr: expect.stringContaining(`Tidings needs Node.js 20.19 or newer; this is ${version}`) as string })
  })

  test('it is parsed by the oldest Node.js that anybody has, and comes first in every command', async () => {
    const text = await readFile(join(ROOT, 'server/preflight.cjs'), 'utf8')
    expect(text).not.toMatch(/=>|`|\bconst\b|\blet\b|\?\.|\?\?|\bimport\b|\basync\b/)
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
    for (const name of ['start', 'demo', 'token', 'import', 'dead-letters']) expect(scripts[name], name).toMatch(/^node server\/preflight\.cjs && /)
    expect(scripts['start']).toBe('node server/preflight.cjs && exec node --import tsx --import ./server/runtime/first.ts server/main.ts')
  })
})
