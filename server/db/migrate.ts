import { readdir, readFile } from 'node:fs/promises'
import type pg from 'pg'
import { MIGRATION_LOCK } from './advisory-locks.ts'
import { openClient } from './pg-client.ts'
import { explainMigrationError } from './migration-error.ts'
import { useSchema } from './installation-schema.ts'
import { findOrCreateSchema } from './create-schema.ts'
import { UnusableDatabase } from './unusable-database.ts'

const DIRECTORY = new URL('../migrations/', import.meta.url)
/** A process that is stopped, or whose machine is gone, holds the lock no longer than this. */
const SESSION_LIMITS = { idle_session_timeout: 5000, idle_in_transaction_session_timeout: 5000 }

interface Migration {
  readonly version: number
  readonly name: string
  readonly text: string
}

/**
 * Finds or creates the schema for our tables and migrates it to the newest version that this release knows, each
 * migration in its own transaction. Returns the name of the schema. Several processes may call it at once: they wait
 * for each other. Migrations expand first, so this release also runs on the next version; a schema that is two versions
 * ahead is rejected. Takes a session advisory lock, hence a connection of its own.
 */
export async function migrate(url: string): Promise<string> {
  const migrations = await readMigrations()
  const client = await openClient(url, { name: 'tidings migrate', settings: SESSION_LIMITS })
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    const schema = await findOrCreateSchema(client)
    await useSchema(client, schema)
    await client.query(
      'create table if not exists migration (' +
        'version integer primary key, name text not null, applied timestamptz not null default now())',
    )
    const { rows } = await client.query<{ version: number | null }>('select max(version) as version from migration')
    const current = rows[0]?.version ?? 0
    rejectIfAhead(current, migrations.length)
    for (const migration of migrations) if (migration.version > current) await apply(client, migration)
    return schema
  } catch (error) {
    if (error instanceof UnusableDatabase) throw error
    const reasons = await explainMigrationError(client, 'opening the schema', error).catch(() => undefined)
    throw reasons ? new UnusableDatabase(reasons) : error
  } finally {
    await client.end()
  }
}

function rejectIfAhead(current: number, known: number): void {
  if (current > known + 1)
    throw new UnusableDatabase([
      `its schema has version ${current}; this release knows ${known} and runs on ${known + 1} at most; ` +
        'use a newer release',
    ])
}

async function apply(client: pg.Client, { version, name, text }: Migration): Promise<void> {
  await client.query('begin')
  try {
    await client.query(text)
    await client.query('insert into migration (version, name) values ($1, $2)', [version, name])
    await client.query('commit')
  } catch (error) {
    // A lost connection has no transaction to roll back: the error of the statement is the one to report.
    await client.query('rollback').catch(() => undefined)
    const reasons = await explainMigrationError(client, `migration ${name}`, error).catch(() => undefined)
    throw reasons ? new UnusableDatabase(reasons) : error
  }
}

/** Reads files like `0007_what_it_does.sql`, numbered from 1 without a gap. */
async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(DIRECTORY)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name, index) => {
      const version = Number.parseInt(name, 10)
      if (version !== index + 1) throw new Error(`migration ${name} is out of order`)
      return { version, name, text: await readFile(new URL(name, DIRECTORY), 'utf8') }
    }),
  )
}
