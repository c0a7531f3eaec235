import { openClient } from './connecting.ts'
import { DatabaseUnreachable } from './database.ts'
import { findPlace } from './installation-place.ts'

/** The schema of the installation in this database, without making anything; undefined: there is none. See `findPlace`. */
export async function locateInstallation(url: string): Promise<string | undefined> {
  const client = await openClient(url, { name: 'tidings look', queryTimeoutMs: 10_000 }).catch((error: unknown) => {
    throw new DatabaseUnreachable(error)
  })
  try {
    return await findPlace(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}
