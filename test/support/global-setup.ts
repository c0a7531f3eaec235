import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmbeddedServer } from '@tidings/embedded-postgres/embedded-server.ts'
import { migrate } from '@tidings/server/db/migrate.ts'
import { createLog } from '@tidings/server/log.ts'
import type { TestProject } from 'vitest/node'
import { buildTree } from './built-tree.ts'
import { databaseUrl, queryOnce } from './query-once.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A PostgreSQL for this run, as superuser. Each test makes a database of its own there. */
    databaseServer: string
    /** A database there with all migrations, which tests copy. PostgreSQL copies none that somebody is connected to. */
    templateDatabase: string
  }
}

/** Builds the programs that tests start as processes, and starts the PostgreSQL that tests use. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const [tree, server] = await Promise.all([buildTree(), startServer()])
  // Read by programArguments in the processes of the tests, which inherit the environment.
  process.env.BUILT_TREE = tree.directory
  process.env.NODE_COMPILE_CACHE ??= join(tree.directory, 'compile-cache') // Node.js 22 and newer
  const template = `tidings_template_${randomBytes(6).toString('hex')}`
  await queryOnce(server.url, `create database ${template}`)
  await migrate(databaseUrl(server.url, template))
  project.provide('databaseServer', server.url)
  project.provide('templateDatabase', template)
  return async () => {
    await queryOnce(server.url, `drop database ${template} with (force)`)
    await server.stop()
    await tree.remove()
  }
}

interface TestServer {
  readonly url: string
  stop(): Promise<void>
}

/**
 * Starts the PostgreSQL that the tests use: the one the service embeds, so a machine needs nothing but Node.
 * TEST_DATABASE_URL names another.
 */
async function startServer(): Promise<TestServer> {
  const given = process.env.TEST_DATABASE_URL
  if (given !== undefined) return { url: given, stop: () => Promise.resolve() }
  const parent = await mkdtemp(join(tmpdir(), 'tidings-test-'))
  // The account that PostgreSQL runs under must be able to enter.
  await chmod(parent, 0o755)
  // Several test files, each with several processes, use it at the same moment.
  const server = createEmbeddedServer({
    dataDir: join(parent, 'data'),
    log: createLog({ level: 'warn', isTerminal: false }),
    settings: ['max_connections=300'],
  })
  await server.start()
  return {
    url: server.url(),
    async stop() {
      await server.stop()
      await rm(parent, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
    },
  }
}
