/** Settings of PostgreSQL sessions, by their names. */
export type SessionSettings = Readonly<Record<string, string | number>>

/**
 * What every session needs for the guarantees of the service, whatever DATABASE_URL, the environment or the role say:
 * they are sent last, and the last one of a name counts.
 */
export const NEEDED_SETTINGS: SessionSettings = {
  // The server notices within about 5 s that its client's machine is gone, and frees the locks.
  client_connection_check_interval: 1000,
  tcp_keepalives_idle: 5,
  tcp_keepalives_interval: 1,
  tcp_keepalives_count: 3,
  tcp_user_timeout: 5000,
  // Each pool sets its own limits; a connection may wait for work or for a NOTIFY without one.
  statement_timeout: 0,
  lock_timeout: 0,
  idle_in_transaction_session_timeout: 0,
  idle_session_timeout: 0,
  default_transaction_isolation: 'read committed',
  timezone: 'UTC',
}

/** Returns the options of a startup message: the given ones, then ours. Later `settings` replace earlier ones. */
export function sessionOptions(given: string | undefined, ...settings: readonly SessionSettings[]): string {
  const ours = Object.entries(Object.assign({}, ...settings) as SessionSettings).map(
    ([name, value]) => `-c ${name}=${escaped(String(value))}`,
  )
  return [...(given?.trim() ? [given.trim()] : []), ...ours].join(' ')
}

/** A blank ends an option unless a backslash precedes it (PostgreSQL, pg_split_opts). */
const escaped = (value: string) => value.replaceAll(/[\\\s]/g, '\\$&')
