import pg from 'pg'

/** SQLSTATE classes that speak of the values of a statement: data exception, constraint violation, limit exceeded. */
const CONTENT_CLASSES = new Set(['22', '23', '54'])

/** Whether a statement failed because of what it was given: the same again will fail again. */
export const isContentError = (error: unknown) => error instanceof pg.DatabaseError && CONTENT_CLASSES.has((error.code ?? '').slice(0, 2))
