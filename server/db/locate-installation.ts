import { openClient } from './pg-client.ts'
import { DatabaseUnreachable } from './database.ts'
import { findInstallationSchema } from './installation-schema.ts'

/**
 * Returns the schema of the installation in this database, without creating anything; undefined: there is none. See
 * `findInstallationSchema`.
 */
export async function locateInstallation(url: string): Promise<string | undefined> {
  const client = await openClient(url, { name: 'tidings look', queryTimeoutMs: 10_000 }).catch((error: unknown) => {
    throw new DatabaseUnreachable(error)
  })
  try {
    return await findInstallationSchema(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}
