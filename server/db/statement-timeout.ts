import pg from 'pg'

const QUERY_CANCELED = '57014'

/** Returns whether the server cancelled a statement at its time limit. */
export const isStatementTimeout = (error: unknown) => error instanceof pg.DatabaseError && error.code === QUERY_CANCELED
