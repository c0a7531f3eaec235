import pg from 'pg'

/** An error as the driver reports one of the server. */
export function serverError(code: string, message: string, severity: 'ERROR' | 'FATAL' = 'ERROR'): pg.DatabaseError {
  const error = new pg.DatabaseError(message, message.length, 'error')
  error.code = code
  error.severity = severity
  return error
}

export const CODES = {
  lockNotAvailable: '55P03',
  queryCanceled: '57014',
  deadlock: '40P01',
  inFailedTransaction: '25P02',
  idleInTransaction: '25P03',
  adminShutdown: '57P01',
  uniqueViolation: '23505',
} as const
