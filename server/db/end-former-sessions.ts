import { openClient } from './pg-client.ts'

/** How long to wait for a session to end. */
const END_LIMIT_MS = 5000

/**
 * Ends the sessions of these names, but for our own, and waits for their ends; returns how many there were. A process
 * that was killed leaves statements behind that still run: what they write must not come after what its successor
 * writes. Only for who knows that no other process has such sessions. Rejects with the database's error.
 */
export async function endFormerSessions(url: string, names: readonly string[]): Promise<number> {
  const client = await openClient(url, { name: 'tidings start', queryTimeoutMs: 2 * END_LIMIT_MS })
  try {
    const { rowCount } = await client.query(
      `select pg_terminate_backend(pid, $2) from pg_stat_activity
       where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
         and application_name = any ($1::text[])`,
      [names, END_LIMIT_MS],
    )
    return rowCount ?? 0
  } finally {
    await client.end().catch(() => undefined)
  }
}
