import pg from 'pg'

const QUERY_CANCELED = '57014'

/** Whether a statement was cancelled by the server: its time was over. */
export const isStatementTimeout = (error: unknown) => error instanceof pg.DatabaseError && error.code === QUERY_CANCELED
