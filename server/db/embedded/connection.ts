import type pg from 'pg'
import { hasCode } from '../../runtime/error-code.ts'
import { openClient } from '../connecting.ts'
import { SUPERUSER } from './password.ts'

/** The database that everything of ours lives in. */
const DATABASE = 'tidings'

export const urlOf = (password: string, port: number, database = DATABASE) => `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}?sslmode=disable`

/** `not yet`: nobody listens, or it is recovering, or it has no connection to spare. */
export type Answer = { kind: 'data directory'; path: string } | { kind: 'wrong password' } | { kind: 'not yet' }

/** Asks the postmaster at this port which cluster it serves. */
export async function askDataDirectory(password: string, port: number): Promise<Answer> {
  return withConnection(urlOf(password, port, 'postgres'), async (client): Promise<Answer> => {
    const { rows } = await client.query<{ data_directory: string }>('show data_directory')
    return { kind: 'data directory', path: rows[0]?.data_directory ?? '' }
  }).catch((error: unknown): Answer => ({ kind: hasCode(error, '28P01', '28000') ? 'wrong password' : 'not yet' }))
}

/** Creates our database when it is missing. Two processes may do so at once. */
export async function ensureDatabase(password: string, port: number): Promise<void> {
  await withConnection(urlOf(password, port, 'postgres'), async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE])
    if (rowCount === 0) await client.query(`create database ${DATABASE}`).catch(ignoreDuplicate)
  })
}

async function withConnection<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await openClient(url, { name: 'tidings start', connectMs: 3000, queryTimeoutMs: 30_000 })
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** duplicate_database, or unique_violation when the two overlap. */
function ignoreDuplicate(error: unknown): void {
  if (!hasCode(error, '42P04', '23505')) throw error
}
