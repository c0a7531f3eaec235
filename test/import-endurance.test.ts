import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { programArguments } from '@tidings/harness/program.ts'
import { startService } from '@tidings/harness/service-process.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'
import { createDataDirectories } from './support/data-directories.ts'
import { runImport } from './support/import-runner.ts'
import { createTapisSource, type TapisSource } from './support/tapis-source.ts'
import { eventually } from './support/service-fixtures.ts'
import { countTargets, hasImportedSubscription, storedSubscriptions } from './support/stored-state.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MANY = 20_000
/** Less than the rows of the source take; the program itself takes about half of it. */
const HEAP_MIB = 64

const directories = createDataDirectories()
let db: TestDatabase
let original: TapisSource
beforeEach(async () => {
  ;[db, original] = await Promise.all([createTestDatabase({ isEmpty: true }), createTapisSource()])
})
afterEach(async () => {
  await Promise.all([db.drop(), original.drop()])
  await directories.removeAll()
})

test('twenty thousand subscriptions are copied without filling the heap', async () => {
  await original.addMany(MANY, { description: 'x'.repeat(2000) })
  const { code, stderr, counts } = await runImport(original.url, db.url, [], {
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}`,
  })
  expect({ code, stderr, counts: counts() }).toEqual({ code: 0, stderr: '', counts: { copied: MANY } })
})

test.each(['SIGKILL', 'SIGINT'] as const)(
  'an import that is ended by %s in the middle leaves nothing half-done, and the next one does the rest',
  async (signal) => {
    await original.addMany(MANY)
    const child = spawn(process.execPath, [...programArguments('server/commands/import.ts'), '--from', original.url], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, DATABASE_URL: db.url },
      stdio: 'ignore',
    })
    await eventually(() => hasImportedSubscription(db)).toBe(true)
    const ended = once(child, 'exit')
    child.kill(signal)
    expect(await ended).toEqual(signal === 'SIGKILL' ? [null, 'SIGKILL'] : [1, null])
    await eventually(() =>
      db.query(
        sql`select from pg_stat_activity where datname = current_database()
          and application_name like 'tidings import%'`,
      ),
    ).toEqual([])
    const copied = (await storedSubscriptions(db)).length
    expect(copied).toBeLessThan(MANY)
    const { code, counts } = await runImport(original.url, db.url)
    expect([code, counts()]).toEqual([0, { copied: MANY - copied, 'already there': copied }])
    expect(await countTargets(db)).toEqual({ targets: 2 * MANY, subscriptions: MANY })
  },
)

test('a dry run shows what would happen and writes nothing, not even a schema', async () => {
  await original.addMany(300)
  await original.add({ expiry: '2024-01-01 00:00:00' })
  const first = await runImport(original.url, db.url, ['--dry-run'])
  expect([first.code, first.lines[2], first.counts()]).toEqual([
    0,
    'Dry run: nothing was written.',
    { copied: 300, expired: 1 },
  ])
  expect(
    await db.query(
      sql`select from pg_namespace where nspname = 'tidings' union all select from pg_class
        where relnamespace = 'public'::regnamespace`,
    ),
  ).toEqual([])
  await runImport(original.url, db.url)
  await original.add()
  expect((await runImport(original.url, db.url, ['--dry-run'])).counts()).toEqual({
    copied: 1,
    'already there': 300,
    expired: 1,
  })
  expect(await storedSubscriptions(db)).toHaveLength(300)
})

test('into the embedded PostgreSQL, which the service then uses; beside a running service it is rejected', async () => {
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
    expect(refused.stderr).toMatch(
      new RegExp(
        `^import: Another instance uses this data directory: pid ${service.pid}, ${service.url}\\.\nStop that service, run the import, and start it again\\.`,
        'm',
      ),
    )
  } finally {
    await service.end('SIGTERM')
  }
  expect((await runImport(original.url, undefined, [], { TIDINGS_DATA_DIR: dataDir })).counts()).toEqual({
    'already there': 1,
  })
})
