import { randomBytes } from 'node:crypto'
import { startReceiver } from '@tidings/harness/receiver.ts'
import { migrate } from '@tidings/server/db/migrate.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { expect, inject, onTestFinished, test } from 'vitest'
import { startAppForTest, type TestApp } from './support/test-app.ts'
import { createDatabaseForTest, type TestDatabase } from './support/test-database.ts'
import { queryOnce } from './support/query-once.ts'
import { runProgram } from './support/program-runner.ts'
import { installFormerRelease } from './support/former-release.ts'

/** Tables, indexes, sequences and functions in each schema that is not PostgreSQL's. */
const contents = async (url: string) =>
  Object.fromEntries(
    (
      await queryOnce<{ schema: string; n: number }>(
        url,
        `
  select nspname as schema, count(*)::integer as n
  from (select relnamespace as namespace from pg_class union all select pronamespace from pg_proc) as things
  join pg_namespace on pg_namespace.oid = namespace
  where nspname !~ '^pg_' and nspname <> 'information_schema'
  group by 1`,
      )
    ).map(({ schema, n }) => [schema, n]),
  )

/** An event goes the whole way, and its number comes back. */
async function deliver(app: TestApp): Promise<number> {
  const receiver = await startReceiver()
  try {
    await app.subscribe({ addresses: [receiver.url('/schema')] })
    await app.publish({ subject: 'schema', seriesId: 'schema' })
    const [arrival] = await receiver.take(1)
    return arrival?.notification.event.seriesSeqCount ?? 0
  } finally {
    await receiver.close()
  }
}

interface Role {
  readonly name: string
  /** The address of this database for the role. */
  urlOf(db: TestDatabase): string
}

/** Somebody who may log in, and nothing else. */
async function createRole(options = ''): Promise<Role> {
  const name = `tidings_role_${randomBytes(6).toString('hex')}`
  const server = inject('databaseServer')
  await queryOnce(server, `create role ${name} login password 'secret' ${options}`)
  onTestFinished(async () => {
    await queryOnce(server, `drop role ${name}`)
  })
  return {
    name,
    urlOf({ url }) {
      const own = new URL(url)
      own.username = name
      own.password = 'secret'
      return own.href
    },
  }
}

const databaseOf = ({ url }: TestDatabase) => new URL(url).pathname.slice(1)
const emptyDatabase = () => createDatabaseForTest({ isEmpty: true })

test('a new installation has a schema of its own; tables of the same names in public are left alone', async () => {
  const db = await emptyDatabase()
  await queryOnce(
    db.url,
    `
    create table public.migration (id bigint primary key, checksum text);
    insert into public.migration values (1, 'theirs');
    create table public.subscription (id integer);
    create table public.event (id integer);
    create table public.installation (id integer)`,
  )
  const before = await contents(db.url)
  expect(await deliver(await startAppForTest({ db }))).toBe(1)
  expect(await contents(db.url)).toEqual({ ...before, tidings: expect.any(Number) as number })
  expect(await queryOnce(db.url, 'select * from public.migration')).toEqual([{ id: '1', checksum: 'theirs' }])
})

test('a table called migration with just our columns is foreign too', async () => {
  const db = await emptyDatabase()
  await queryOnce(
    db.url,
    `create table public.migration (version integer, name text, applied timestamptz); insert into public.migration values (1, '0001_initial.sql', now())`,
  )
  expect(await migrate(db.url)).toBe('tidings')
  expect(await contents(db.url)).toMatchObject({ public: 1 })
})

test('an installation of the previous release, in public, stays there and goes on', async () => {
  const db = await createDatabaseForTest({ isEmpty: true, schema: 'public' })
  await installFormerRelease(db.url)
  await db.query(sql`insert into installation (partition_count, broker_kind) values (3, 'database')`)
  const app = await startAppForTest({ db })
  expect(await deliver(app)).toBe(1)
  expect(await db.query(sql`select count(*) as n from partition`)).toEqual([{ n: 3 }])
  expect(Object.keys(await contents(db.url))).toEqual(['public'])
  const env = { DATABASE_URL: db.url, TIDINGS_ROLE: 'dispatcher', TAPIS_TENANT_SVC_BASEURL: 'http://127.0.0.1:1' }
  expect(await runProgram('server/commands/healthcheck.ts', ['--strict'], env)).toMatchObject({
    code: 0,
    stdout: 'the lease is valid\n',
  })
  expect(await runProgram('server/commands/dead-letters.ts', ['--list'], env)).toEqual({
    code: 0,
    stdout: '0 dead letters\n',
    stderr: '',
  })
})

test('a process of the previous release, started later by a role of our name, finds the same tables', async () => {
  const db = await emptyDatabase()
  await migrate(db.url)
  expect(
    await queryOnce(
      db.url,
      `select current_user::text as role, to_regclass('migration')::text as migration, to_regclass('subscription') is not null as "isThere"`,
    ),
  ).toEqual([{ role: 'tidings', migration: 'migration', isThere: true }])
})

test('an installation on the search path of a role stays there; a new one is not created there', async () => {
  const role = await createRole()
  for (const isFormer of [true, false]) {
    const db = await createDatabaseForTest({ isEmpty: true, schema: isFormer ? 'tapis_ntf' : 'tidings' })
    await queryOnce(
      db.url,
      `grant create on database ${databaseOf(db)} to ${role.name}; create schema tapis_ntf authorization ${role.name}; alter role ${role.name} in database ${databaseOf(db)} set search_path = 'tapis_ntf'`,
    )
    if (isFormer) await installFormerRelease(role.urlOf(db))
    expect(await migrate(role.urlOf(db))).toBe(isFormer ? 'tapis_ntf' : 'tidings')
    const app = await startAppForTest({ db: { ...db, url: role.urlOf(db) } })
    expect(await deliver(app)).toBe(1)
    await app.stop()
    expect(Object.keys(await contents(db.url))).toEqual([isFormer ? 'tapis_ntf' : 'tidings'])
  }
})

test('a search path in the address finds an existing installation; a new one does not follow it', async () => {
  for (const isFormer of [true, false]) {
    const db = await createDatabaseForTest({ isEmpty: true, schema: isFormer ? 'elsewhere' : 'tidings' })
    const url = new URL(db.url)
    url.searchParams.set('options', '-c search_path=elsewhere,public -c statement_timeout=9s')
    await queryOnce(db.url, 'create schema elsewhere; create table public.subscription (id integer)')
    if (isFormer) await installFormerRelease(url.href)
    expect(await deliver(await startAppForTest({ db: { ...db, url: url.href } }))).toBe(1)
    expect(await contents(db.url)).toMatchObject({
      public: 1,
      [isFormer ? 'elsewhere' : 'tidings']: expect.any(Number) as number,
    })
  }
})

test('processes that start at once on one database choose alike, whether the schema exists or not', async () => {
  for (const given of ['select 1', 'create schema tidings']) {
    const db = await emptyDatabase()
    await queryOnce(db.url, given)
    expect(await Promise.all(Array.from({ length: 5 }, () => migrate(db.url)))).toEqual(
      Array.from({ length: 5 }, () => 'tidings'),
    )
  }
})

test('a role that may use only public is told what to grant, nothing is created; either grant will do', async () => {
  const role = await createRole()
  const grants = [
    () => `create schema tidings authorization ${role.name}`,
    (db: TestDatabase) => `grant create on database ${databaseOf(db)} to ${role.name}`,
  ]
  for (const grantOf of grants) {
    const db = await emptyDatabase()
    await queryOnce(db.url, `grant create on schema public to ${role.name}`)
    await expect(migrate(role.urlOf(db))).rejects.toThrow(
      `The database cannot be used:\n  - the role ${role.name} may not create the schema tidings; as the owner of the database: create schema tidings authorization ${role.name}, or: grant create on database ${databaseOf(db)} to ${role.name}`,
    )
    expect(await contents(db.url)).toEqual({})
    await queryOnce(db.url, grantOf(db))
    expect(await migrate(role.urlOf(db))).toBe('tidings')
  }
})

test('a schema of our name that is not for this role, or has tables of another program, is not used', async () => {
  const role = await createRole()
  const [foreign, taken] = [await emptyDatabase(), await emptyDatabase()]
  await queryOnce(foreign.url, 'create schema tidings')
  await expect(migrate(role.urlOf(foreign))).rejects.toThrow(
    `- the role ${role.name} may not create tables in the schema tidings; as the owner of the schema: grant usage, create on schema tidings to ${role.name}`,
  )
  await queryOnce(taken.url, 'create schema tidings; create table tidings.event (id integer)')
  await expect(migrate(taken.url)).rejects.toThrow(
    '- the schema tidings has tables of another program; give the service a database of its own',
  )
  expect(await contents(taken.url)).toEqual({ tidings: 1 })
})

test('of two installations none is chosen, and both are named', async () => {
  const db = await emptyDatabase()
  const url = new URL(db.url)
  url.searchParams.set('options', '-c search_path=public')
  await installFormerRelease(url.href)
  await queryOnce(db.url, 'create schema tidings')
  await installFormerRelease(db.url) // for a role of that name the path begins there
  await expect(migrate(db.url)).rejects.toThrow(
    '- there are 2 installations in it, in the schemas public and tidings, and the service cannot tell which one to use',
  )
})

test('an installation that is no longer on the search path is named; no second one is created beside it', async () => {
  const db = await emptyDatabase()
  const url = new URL(db.url)
  url.searchParams.set('options', '-c search_path=elsewhere')
  await queryOnce(db.url, 'create schema elsewhere')
  await installFormerRelease(url.href)
  await expect(migrate(db.url)).rejects.toThrow(
    /there is an installation in the schema elsewhere, but the search path of the role \w+ does not include it; to use it: alter role \w+ set search_path = "elsewhere"/,
  )
  expect(Object.keys(await contents(db.url))).toEqual(['elsewhere'])
  expect(await migrate(url.href)).toBe('elsewhere')
})

test('a second one is created where somebody has made the schema for it', async () => {
  const db = await emptyDatabase()
  const url = new URL(db.url)
  url.searchParams.set('options', '-c search_path=elsewhere')
  await queryOnce(db.url, 'create schema elsewhere')
  await installFormerRelease(url.href)
  await queryOnce(db.url, 'create schema tidings')
  expect(await migrate(db.url)).toBe('tidings')
})

test('an installation that the role may not read is no reason to create a new one beside it', async () => {
  const role = await createRole()
  const db = await createDatabaseForTest({ isEmpty: true, schema: 'public' })
  const url = new URL(db.url)
  url.searchParams.set('options', '-c search_path=public')
  await installFormerRelease(url.href)
  await queryOnce(db.url, `grant create on database ${databaseOf(db)} to ${role.name}`)
  await expect(migrate(role.urlOf(db))).rejects.toThrow(
    `- there is an installation in the schema public, which the role ${role.name} may not read; connect as the role that owns it, tidings`,
  )
  expect(Object.keys(await contents(db.url))).toEqual(['public'])
})

test('a temporary table of the same name does not hide ours, nor does anything in public', async () => {
  const db = await createDatabaseForTest({ maxConnections: 1 })
  await queryOnce(
    db.url,
    'create table public.subscription (id integer); create function public.lock_owned(uuid, smallint[], bigint[]) returns void language sql as $$ $$',
  )
  const seen = await db.transaction(async (tx) => {
    await tx.query(sql`create temporary table subscription (id integer)`)
    return tx.query(
      sql`select 'subscription'::regclass::oid = 'tidings.subscription'::regclass::oid as "isOurs",
        current_setting('search_path') as path`,
    )
  })
  expect(seen).toEqual([{ isOurs: true, path: '"tidings", pg_temp' }])
})

test('a schema with a difficult name is used as it is', async () => {
  const name = 'My "schema" \\ here'
  const db = await createDatabaseForTest({ isEmpty: true, schema: name })
  await queryOnce(db.url, `create schema "${name.replaceAll('"', '""')}"`)
  await db.query(sql`create table marked ()`)
  expect(
    await db.query(
      sql`select nspname from pg_class join pg_namespace on pg_namespace.oid = relnamespace where relname = 'marked'`,
    ),
  ).toEqual([{ nspname: name }])
})
