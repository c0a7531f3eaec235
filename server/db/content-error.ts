import pg from 'pg'

/** SQLSTATE classes about the values of a statement: data exception, constraint violation, limit exceeded. */
const CONTENT_CLASSES = new Set(['22', '23', '54'])

/** Returns whether a statement failed because of its values: the same statement will fail again. */
export const isContentError = (error: unknown) =>
  error instanceof pg.DatabaseError && CONTENT_CLASSES.has((error.code ?? '').slice(0, 2))
