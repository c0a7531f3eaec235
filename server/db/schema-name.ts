import { quoteIdentifier } from './quote-identifier.ts'

/**
 * Where a new installation has its tables, so that it can share a database with other programs, such as Tapis
 * Notifications (decision 0022).
 */
export const SCHEMA = 'tidings'

/**
 * Returns the search path of every session: unqualified names mean what PostgreSQL itself has, which always comes
 * first, or our tables. Temporary tables come last; PostgreSQL would search them first unless the path names them.
 */
export const searchPathOf = (schema: string) => `${quoteIdentifier(schema)}, pg_temp`

/** For a session that needs no table: our names mean nothing there, rather than another program's tables. */
export const NO_TABLES = 'pg_temp'
