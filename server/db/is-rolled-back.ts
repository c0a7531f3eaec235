import pg from 'pg'
import { DatabaseUnreachable } from './database.ts'

/**
 * Returns whether a statement in autocommit is known to have done nothing: it was not sent, or the server reported an
 * error that does not end the session. After any other failure it may be committed, or may still run.
 */
export const isRolledBack = (error: unknown) =>
  error instanceof DatabaseUnreachable || (error instanceof pg.DatabaseError && error.severity === 'ERROR')
