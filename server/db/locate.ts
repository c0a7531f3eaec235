import pg from 'pg'
import { CONNECT_LIMIT_MS } from './connect-limit.ts'
import { connected, connectionTo } from './connecting.ts'
import { DatabaseUnreachable } from './database.ts'
import { findPlace } from './installation-place.ts'

/** The schema of the installation in this database, without making anything; undefined: there is none. See `findPlace`. */
export async function locateInstallation(url: string): Promise<string | undefined> {
  const client = await connected(url, () => {
    const made = new pg.Client({ ...connectionTo(url, { name: 'tidings look' }), connectionTimeoutMillis: CONNECT_LIMIT_MS, query_timeout: 10_000 })
    return made.on('error', () => undefined) // a connection that is lost between two statements: the next one reports it
  }).catch((error: unknown) => {
    throw new DatabaseUnreachable(error)
  })
  try {
    return await findPlace(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}
