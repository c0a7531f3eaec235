import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject, onTestFinished } from 'vitest'
import { createDatabase, type Database } from '@tidings/server/db/database.ts'
import { migrate } from '@tidings/server/db/migrate.ts'
import { SCHEMA } from '@tidings/server/db/schema.ts'
import { createLog } from '@tidings/server/log.ts'

export interface TestDatabase extends Database {
  readonly url: string
  /** Closes the pool and removes the database. */
  drop(): Promise<void>
}

/** A database of its own on the PostgreSQL of this run, or on another `server`, with all migrations unless `isEmpty`. `options` are those of `create database`; `schema` is where its statements look. */
export async function createTestDatabase({ maxConnections = 10, isEmpty = false, server = inject('databaseServer'), options = '', schema = SCHEMA } = {}): Promise<TestDatabase> {
  const name = `tidings_test_${randomBytes(6).toString('hex')}`
  await onServer(server, `create database ${name} ${options}`)
  const url = withDatabase(server, name)
  if (!isEmpty) await migrate(url)
  const log = createLog({ level: 'error', isTerminal: false })
  const database = createDatabase({ url: () => url, schema, name: 'test', maxConnections, statementTimeoutMs: 10_000, answerTimeoutMs: 12_000, log })
  return {
    ...database,
    url,
    async drop() {
      await database.close()
      await onServer(server, `drop database ${name} with (force)`)
    },
  }
}

/** The same for the test that runs, which drops it at its end. */
export async function createDatabaseForTest(options?: Parameters<typeof createTestDatabase>[0]): Promise<TestDatabase> {
  const database = await createTestDatabase(options)
  onTestFinished(() => database.drop())
  return database
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
