import { randomBytes } from 'node:crypto'
import { inject, onTestFinished } from 'vitest'
import { createDatabase, type Database } from '@tidings/server/db/database.ts'
import { migrate } from '@tidings/server/db/migrate.ts'
import { SCHEMA } from '@tidings/server/db/schema-name.ts'
import { createLog } from '@tidings/server/log.ts'
import { databaseUrl, queryOnce } from './query-once.ts'

export interface TestDatabase extends Database {
  readonly url: string
  /** Closes the pool and removes the database. */
  drop(): Promise<void>
}

export interface TestDatabaseOptions {
  readonly maxConnections?: number
  /** Without any migration. */
  readonly isEmpty?: boolean
  /** The URL of another server than that of this run. */
  readonly server?: string
  /** Options of `create database`. */
  readonly options?: string
  /** Keeps plans, as the pools of the hot path do. */
  readonly prepares?: boolean
  /** The schema that its statements use. */
  readonly schema?: string | undefined
}

/** Creates a database for one test or file. With all migrations it is a copy of the one that the set-up has made. */
export async function createTestDatabase({
  maxConnections = 10,
  isEmpty = false,
  server: otherServer,
  options = '',
  prepares = false,
  schema = SCHEMA,
}: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const name = `tidings_test_${randomBytes(6).toString('hex')}`
  const server = otherServer ?? inject('databaseServer')
  const url = databaseUrl(server, name)
  const canCopy = !isEmpty && options === '' && otherServer === undefined
  const how = canCopy ? `template ${inject('templateDatabase')}` : options
  await queryOnce(server, `create database ${name} ${how}`)
  if (!isEmpty && !canCopy) await migrate(url)
  const log = createLog({ level: 'error', isTerminal: false })
  const database = createDatabase({
    url: () => url,
    schema,
    name: 'test',
    maxConnections,
    prepares,
    statementTimeoutMs: 10_000,
    answerTimeoutMs: 12_000,
    log,
  })
  return {
    ...database,
    url,
    async drop() {
      await database.close()
      await queryOnce(server, `drop database ${name} with (force)`)
    },
  }
}

/** Does the same for the running test, at whose end the database is dropped. */
export async function createDatabaseForTest(options?: TestDatabaseOptions): Promise<TestDatabase> {
  const database = await createTestDatabase(options)
  onTestFinished(() => database.drop())
  return database
}
