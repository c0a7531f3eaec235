import { randomBytes } from 'node:crypto'
import { findFreePort } from '@tidings/harness/free-port.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { afterEach, describe, expect, inject, onTestFinished, test } from 'vitest'
import { createDatabaseForTest } from './support/test-database.ts'
import { createDataDirectories } from './support/data-directories.ts'
import { queryOnce } from './support/query-once.ts'
import { refusalOf } from './support/refused-start.ts'
import { startWatchedService } from './support/watched-service.ts'

const directories = createDataDirectories()

afterEach(() => directories.removeAll())

/** A role without rights, dropped with what it owns when the test is over. */
async function makeRole(): Promise<{ name: string; on: (url: string) => string }> {
  const name = `tidings_role_${randomBytes(4).toString('hex')}`
  await queryOnce(inject('databaseServer'), `create role ${name} login password 'pw'`)
  onTestFinished(async () => {
    await queryOnce(inject('databaseServer'), `drop role ${name}`)
  })
  return { name, on: (url) => Object.assign(new URL(url), { username: name, password: 'pw' }).href }
}

test("the database of the deployer's variables is used, and logged without its password", async () => {
  const { url } = await createDatabaseForTest()
  const { hostname, port, pathname, username, password } = new URL(url)
  const start = startWatchedService({
    TAPIS_DB_JDBC_URL: `jdbc:postgresql://${hostname}:${port}${pathname}`,
    TAPIS_DB_USER: decodeURIComponent(username),
    TAPIS_DB_PASSWORD: decodeURIComponent(password),
    TIDINGS_DATA_DIR: await directories.make(),
  })
  expect(await start.waitForLog('the database is')).toMatchObject({
    database: `${username}@${hostname}:${port}${pathname}`,
    from: 'TAPIS_DB_JDBC_URL',
  })
  await start.isReady()
  await start.end()
  expect(start.log.join('\n')).not.toContain(decodeURIComponent(password))
})

describe('a database that is not made for the service', () => {
  test('a name that does not exist: the statement that makes it', async () => {
    const url = new URL((await createDatabaseForTest()).url)
    url.pathname = '/not there'
    expect(await refusalOf({ DATABASE_URL: url.href })).toContain(
      `database "not there" does not exist; create it: create database "not there" owner "${url.username}" encoding 'UTF8' template template0;`,
    )
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
    await queryOnce(database.url, `revoke connect on database ${name} from public`)
    expect(await refusalOf({ DATABASE_URL: role.on(database.url) })).toContain(
      `permission denied for database "${name}"; allow it: grant connect on database "${name}" to "${role.name}";`,
    )
  })

  test('a role that may not create tables: the grant that it needs, which is then enough', async () => {
    const database = await createDatabaseForTest({ isEmpty: true })
    const role = await makeRole()
    onTestFinished(() => queryOnce(database.url, `drop owned by ${role.name}`).then(() => undefined))
    const said = await refusalOf({ DATABASE_URL: role.on(database.url) })
    expect(said).toContain(
      `the role ${role.name} may not create the schema tidings; as the owner of the database: create schema tidings authorization ${role.name}, or: `,
    )
    const [, grant = ''] = /, or: (grant .*)$/m.exec(said) ?? []
    expect(grant).toContain(`to ${role.name}`)
    await queryOnce(database.url, grant)
    const start = startWatchedService({
      DATABASE_URL: role.on(database.url),
      TIDINGS_DATA_DIR: await directories.make(),
    })
    await start.isReady()
    await start.end()
  })

  test('tables of somebody else in our schema: whose, and the cause', async () => {
    const database = await createDatabaseForTest({ isEmpty: true })
    await database.query(sql`create schema tidings`)
    await database.query(sql`create table tidings.subscription (id integer)`)
    const said = await refusalOf({ DATABASE_URL: database.url })
    expect(said).toMatch(
      /migration 0001_initial\.sql failed: relation "subscription" already exists \(SQLSTATE 42P07\)/,
    )
    expect(said).toMatch(/is in use by something else: in its schema tidings are the tables .*subscription \(of \w+\)/)
    expect(said).toContain('create database "tidings" owner')
  })

  test('a table of migrations in our schema that another tool keeps', async () => {
    const database = await createDatabaseForTest({ isEmpty: true })
    await database.query(sql`create schema tidings`)
    await database.query(sql`create table tidings.migration (id text, done boolean)`)
    expect(await refusalOf({ DATABASE_URL: database.url })).toMatch(
      /column "version" does not exist \(SQLSTATE 42703\)\n {2}- the database \w+ is in use by something else: in its schema tidings are the tables migration \(of \w+\);/,
    )
  })

  test('tables of somebody else elsewhere do not matter', async () => {
    const database = await createDatabaseForTest({ isEmpty: true })
    await database.query(sql`create table event (id integer)`)
    await database.query(sql`create table migration (id text, done boolean)`)
    const start = startWatchedService({ DATABASE_URL: database.url, TIDINGS_DATA_DIR: await directories.make() })
    await start.isReady()
    expect(await start.end()).toBe(0)
  })
})

test('an unreachable database at the start: one line in words, no stack, and one when it is reachable', async () => {
  const port = await findFreePort()
  const start = startWatchedService({
    DATABASE_URL: `postgres://u:s3cret@127.0.0.1:${port}/x`,
    TIDINGS_DATA_DIR: await directories.make(),
  })
  expect(await start.waitForLog('the database cannot be reached, will be retried until it can')).toMatchObject({
    level: 40,
    reason: `nothing listens at 127.0.0.1:${port} (ECONNREFUSED)`,
  })
  expect(start.log.join('\n')).not.toMatch(/s3cret|"stack"| {4}at /)
  expect(await start.end()).toBe(0)
  expect(start.output).toEqual([])
})
