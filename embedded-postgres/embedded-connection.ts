import pg from 'pg'
import { hasCode } from './system-error.ts'
import { SUPERUSER } from './superuser-password.ts'

/** The database that everything of ours lives in. */
const DATABASE = 'tidings'
const CONNECT_LIMIT_MS = 3000
const QUERY_LIMIT_MS = 30_000

export const embeddedDatabaseUrl = (password: string, port: number) =>
  `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${DATABASE}?sslmode=disable`

/** `not yet`: nobody listens, or it is recovering, or it has no connection to spare. */
export type ClusterAnswer = { kind: 'data directory'; path: string } | { kind: 'wrong password' } | { kind: 'not yet' }

/** Asks the postmaster at this port which cluster it serves. */
export async function askDataDirectory(password: string, port: number): Promise<ClusterAnswer> {
  return withConnection({ password, port }, async (client): Promise<ClusterAnswer> => {
    const { rows } = await client.query<{ data_directory: string }>('show data_directory')
    const [row] = rows
    return row ? { kind: 'data directory', path: row.data_directory } : { kind: 'not yet' }
  }).catch((error: unknown): ClusterAnswer => ({
    kind: hasCode(error, '28P01', '28000') ? 'wrong password' : 'not yet',
  }))
}

/** Creates our database when it is missing. Two processes may do so at once. */
export async function ensureDatabase(password: string, port: number): Promise<void> {
  await withConnection({ password, port }, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE])
    if (rowCount === 0) await client.query(`create database ${DATABASE}`).catch(ignoreDuplicate)
  })
}

interface Address {
  readonly password: string
  readonly port: number
}

/** Connects to the database `postgres`, which every cluster has. Ignores PG* variables of the environment. */
async function withConnection<T>({ password, port }: Address, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: SUPERUSER,
    password,
    database: 'postgres',
    ssl: false,
    sslnegotiation: 'postgres',
    application_name: 'tidings start',
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    query_timeout: QUERY_LIMIT_MS,
    keepAlive: true,
    options: '-c statement_timeout=0 -c lock_timeout=0', // not empty, or pg takes PGOPTIONS
  })
  client.on('error', () => undefined) // without a listener it would end the process
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** duplicate_database, or unique_violation when the two overlap. */
function ignoreDuplicate(error: unknown): void {
  if (!hasCode(error, '42P04', '23505')) throw error
}
