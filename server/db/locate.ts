import pg from 'pg'
import { DatabaseUnreachable } from './database.ts'
import { findPlace } from './installation-place.ts'

/** The schema of the installation in this database, without making anything; undefined: there is none. See `findPlace`. */
export async function locateInstallation(url: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url, application_name: 'tidings look', connectionTimeoutMillis: 5000, query_timeout: 10_000 })
  client.on('error', () => undefined) // a connection that is lost between two statements: the next one reports it
  try {
    await client.connect().catch((error: unknown) => {
      throw new DatabaseUnreachable(error)
    })
    return await findPlace(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}
