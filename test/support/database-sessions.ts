import type { Db } from '@tidings/server/db/db.ts'
import { sql } from '@tidings/server/db/sql.ts'

/**
 * Sessions of this database that wait for a lock of another: all, or those of this application name. The kind of lock
 * is what PostgreSQL calls a wait event: `relation`, `tuple`, `transactionid`, `advisory` and so on.
 */
export const sessionsWaitingForLock = (db: Db, applicationName: string | null = null) =>
  db.query<{ lock: string }>(sql`
    select wait_event as lock
    from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
      and (${applicationName}::text is null or application_name = ${applicationName})`)

/** Ends the sessions of this database whose application name matches the pattern (of `like`). Returns how many. */
export const terminateSessions = async (db: Db, applicationNames: string) =>
  (
    await db.query(sql`
    select pg_terminate_backend(pid)
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and application_name like ${applicationNames}`)
  ).length

/** Has this transaction stay open however long nothing happens in it. */
export const mayStayIdle = (tx: Db) => tx.query(sql`set local idle_in_transaction_session_timeout = 0`)
