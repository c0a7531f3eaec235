import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startService } from '@tidings/harness/service-process.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { createDataDirectories } from './support/embedded-directories.ts'
import { runImport } from './support/importing.ts'
import { createOriginal, type Original } from './support/original.ts'
import { eventually } from './support/service-test.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MANY = 20_000
/** Less than the rows of the source take; the program itself takes about half of it. */
const HEAP_MIB = 64

const directories = createDataDirectories()
let db: TestDatabase
let original: Original
beforeEach(async () => {
  [db, original] = await Promise.all([createTestDatabase({ isEmpty: true }), createOriginal()])
})
afterEach(async () => {
  await Promise.all([db.drop(), original.drop()])
  await directories.removeAll()
})

test('twenty thousand subscriptions are copied without filling the heap', async () => {
  await original.addMany(MANY, { description: 'x'.repeat(2000) })
  const { code, stderr, counts } = await runImport(original.url, db.url, [], { NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}` })
  expect({ code, stderr, counts: counts() }).toEqual({ code: 0, stderr: '', counts: { copied: MANY } })
})

test.each(['SIGKILL', 'SIGINT'] as const)('an import that is ended by %s in the middle leaves nothing half, and the next one does the rest', async (signal) => {
  await original.addMany(MANY)
  const child = spawn(process.execPath, ['--import', 'tsx', 'server/import.ts', '--from', original.url], { cwd: ROOT, env: { PATH: process.env.PATH, DATABASE_URL: db.url }, stdio: 'ignore' })
  await eventually(() => db.query(sql`select from pg_class where relname = 'imported_subscription'`)).toHaveLength(1)
  await eventually(() => db.query(sql`select from imported_subscription limit 1`)).toHaveLength(1)
  const ended = once(child, 'exit')
  child.kill(signal)
  expect(await ended).toEqual(signal === 'SIGKILL' ? [null, 'SIGKILL'] : [1, null])
  await eventually(() => db.query(sql`select from pg_stat_activity where datname = current_database() and application_name like 'tidings import%'`)).toEqual([])
  const copied = (await db.query(sql`select from subscription`)).length
  expect(copied).toBeLessThan(MANY)
  const { code, counts } = await runImport(original.url, db.url)
  expect([code, counts()]).toEqual([0, { copied: MANY - copied, 'already there': copied }])
  expect(await db.query(sql`select count(*) as targets, count(distinct subscription_id) as subscriptions from delivery_target`)).toEqual([{ targets: 2 * MANY, subscriptions: MANY }])
})

test('a dry run tells what would happen and writes nothing, not even a schema', async () => {
  await original.addMany(300)
  await original.add({ expiry: '2024-01-01 00:00:00' })
  const first = await runImport(original.url, db.url, ['--dry-run'])
  expect([first.code, first.lines[2], first.counts()]).toEqual([0, 'Dry run: nothing was written.', { copied: 300, expired: 1 }])
  expect(await db.query(sql`select from pg_namespace where nspname = 'tidings' union all select from pg_class where relnamespace = 'public'::regnamespace`)).toEqual([])
  await runImport(original.url, db.url)
  await original.add()
  expect((await runImport(original.url, db.url, ['--dry-run'])).counts()).toEqual({ copied: 1, 'already there': 300, expired: 1 })
  expect(await db.query(sql`select count(*) as n from subscription`)).toEqual([{ n: 300 }])
})

test('into the embedded PostgreSQL, which the service then uses; beside a running service it is refused with the way out', async () => {
  const dataDir = await directories.make()
  await original.add({ name: 'kept' })
  const dry = await runImport(original.url, undefined, ['--dry-run'], { TIDINGS_DATA_DIR: dataDir })
  expect([dry.code, dry.counts()]).toEqual([0, { copied: 1 }])
  await expect(stat(dataDir)).rejects.toThrow('ENOENT')
  const { code, counts } = await runImport(original.url, undefined, [], { TIDINGS_DATA_DIR: dataDir })
  expect([code, counts()]).toEqual([0, { copied: 1 }])
  const service = await startService({ dataDir, env: { DATABASE_URL: undefined } })
  try {
    const refused = await runImport(original.url, undefined, [], { TIDINGS_DATA_DIR: dataDir })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(new RegExp(`^import: Another instance uses this data directory: pid ${service.pid}, ${service.url}\\.\nStop that service, run the import, and start it again\\.`, 'm'))
  } finally {
    await service.end('SIGTERM')
  }
  expect((await runImport(original.url, undefined, [], { TIDINGS_DATA_DIR: dataDir })).counts()).toEqual({ 'already there': 1 })
})
