/** Where a new installation keeps its tables, so that it can share a database with others, the original for one (decision 22). */
export const SCHEMA = 'tidings'

/**
 * What unqualified names mean in every session: tables of ours, or what PostgreSQL brings along, which always comes first.
 * Temporary tables come last: PostgreSQL would take them before all others unless the path says where.
 */
export const searchPathOf = (schema: string) => `"${schema.replaceAll('"', '""')}", pg_temp`

/** For a session that needs no table: a name of ours means nothing there, rather than something in a schema of others. */
export const NO_TABLES = 'pg_temp'
