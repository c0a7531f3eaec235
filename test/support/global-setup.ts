import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmbeddedServer } from '@tidings/server/db/embedded/server.ts'
import { createLog } from '@tidings/server/log.ts'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** A PostgreSQL for this run, as superuser. Each test makes a database of its own there. */
    databaseServer: string
  }
}

/** Starts the PostgreSQL that the tests use: the one the service embeds, so a machine needs nothing but Node. TEST_DATABASE_URL names another. */
export default async function setUp(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env.TEST_DATABASE_URL
  if (given !== undefined) {
    project.provide('databaseServer', given)
    return undefined
  }
  const parent = await mkdtemp(join(tmpdir(), 'tidings-test-'))
  // The account that PostgreSQL runs under must be able to enter.
  await chmod(parent, 0o755)
  // Several test files, each with several processes, use it at the same moment.
  const server = createEmbeddedServer({ dataDir: join(parent, 'data'), log: createLog({ level: 'warn', isTerminal: false }), settings: ['max_connections=300'] })
  await server.start()
  project.provide('databaseServer', server.url())
  return async () => {
    await server.stop()
    await rm(parent, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }
}
