import { isDatabaseAway } from '../db/database-away.ts'
import { AppError } from '../errors.ts'
import { errorCode } from '../runtime/error-code.ts'

/**
 * Turns whatever was thrown into what is answered: a refusal or failure that names itself stays, a database that cannot
 * be reached becomes 503, the rest is a bug.
 */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const refusal = refusalOf(error)
  if (refusal) return refusal
  if (isDatabaseAway(error)) return new AppError('NTFAPI_UNAVAILABLE', { cause: error, retryAfterS: 1 })
  return new AppError('NTFAPI_INTERNAL', { cause: error })
}

/** Requests that the HTTP library gives up by itself. */
function refusalOf(error: unknown): AppError | undefined {
  const code = errorCode(error)
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new AppError('NTFAPI_BODY_TOO_LARGE')
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return new AppError('NTFAPI_URI_TOO_LONG')
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined
  if (typeof status === 'number' && status >= 400 && status < 500) return new AppError('NTFAPI_BAD_REQUEST', { cause: error })
  return undefined
}
