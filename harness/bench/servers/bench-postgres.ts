import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createEmbeddedServer } from '@tidings/embedded-postgres/embedded-server.ts'
import { createLog } from '@tidings/server/log.ts'
import pg from 'pg'
import { isThisMachine, processListeningOn } from './listening-process.ts'

/** A database for one measurement. */
export interface BenchDatabase {
  readonly url: string
  /** The postmaster, if it runs on this machine. */
  readonly pid: number | undefined
  /** Removes the database, or the whole server if it is our own. */
  remove(): Promise<void>
}

/** Starts an embedded server with its files in `directory`, or makes a database on the given server. */
export async function openDatabase(directory: string, givenServer: string | undefined): Promise<BenchDatabase> {
  return givenServer === undefined ? startOwnServer(directory) : createOn(givenServer)
}

async function startOwnServer(directory: string): Promise<BenchDatabase> {
  const server = embeddedIn(join(directory, 'postgres-server'))
  await server.start()
  return { url: server.url(), pid: await processOf(server.url()), remove: () => server.stop() }
}

async function createOn(server: string): Promise<BenchDatabase> {
  const name = `tidings_bench_${randomBytes(6).toString('hex')}`
  await queryOn(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return {
    url: url.href,
    pid: await processOf(server),
    async remove() {
      await queryOn(server, `drop database ${name} with (force)`)
      // So that the next measurement does not pay for this one.
      await queryOn(server, 'checkpoint').catch(() => undefined)
    },
  }
}

/** Calls `use` with the address of the server that a service runs embedded in its data directory. */
export async function withEmbeddedUrl<T>(dataDir: string, use: (url: string) => Promise<T>): Promise<T> {
  const server = embeddedIn(dataDir)
  await server.start() // adopts the one that runs
  try {
    return await use(server.url())
  } finally {
    await server.detach()
  }
}

const embeddedIn = (dataDir: string) => createEmbeddedServer({ dataDir, log: createLog({ level: 'error' }) })

/** Returns the postmaster of a server on this machine. */
function processOf(url: string): Promise<number | undefined> {
  const { hostname, port } = new URL(url)
  return isThisMachine(hostname) ? processListeningOn(Number(port === '' ? '5432' : port)) : Promise.resolve(undefined)
}

export async function queryOn<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}

/** Returns what a server promises about durability, and its version. */
export async function describePostgres(url: string): Promise<{ durability: string; version: string }> {
  const [row] = await queryOn<{ version: string; fsync: string; commit: string }>(
    url,
    `select current_setting('server_version') as version, current_setting('fsync') as fsync,
            current_setting('synchronous_commit') as commit`,
  )
  return {
    durability: `fsync ${row?.fsync ?? '?'}, synchronous_commit ${row?.commit ?? '?'}`,
    version: row?.version ?? '?',
  }
}
