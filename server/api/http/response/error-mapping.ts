import { isDatabaseUnavailable } from '../../../db/database-unavailable.ts'
import { AppError } from '../../errors.ts'
import { PublishError } from '../../../publish/publish-error.ts'
import { errorCode } from '../../../runtime/error-code.ts'

/**
 * Turns whatever was thrown into the error that the response describes. An `AppError` stays as it is, an event that was
 * not published gets its code, a database that cannot be reached becomes 503. Anything else is a bug.
 */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (error instanceof PublishError) return publishFailure(error)
  const rejection = rejectionOf(error)
  if (rejection) return rejection
  if (isDatabaseUnavailable(error)) return new AppError('NTFAPI_UNAVAILABLE', { cause: error, retryAfterS: 1 })
  return new AppError('NTFAPI_INTERNAL', { cause: error })
}

/** See protocol 3.8. What the broker rejects is logged as the broker's own error. */
export function publishFailure({ kind, recordKind, cause }: PublishError): AppError {
  switch (kind) {
    case 'not_stored':
      return new AppError(recordKind === 'event' ? 'NTFAPI_EVENT_POST_ERR' : 'NTFAPI_EVENT_ENDSERIES_ERR', {
        retryAfterS: 1,
      })
    case 'unknown':
      return new AppError('NTFAPI_PUBLISH_UNKNOWN', { retryAfterS: 1 })
    case 'key_reused':
      return new AppError('NTFAPI_IDEMPOTENCY_KEY_REUSED')
    case 'rejected':
      return new AppError('NTFAPI_INTERNAL', { cause })
    case 'follows':
      return new AppError('NTFAPI_EVENT_FOLLOWS_FAILED', { retryAfterS: 1 })
  }
}

/** Requests that the HTTP library gives up by itself. */
function rejectionOf(error: unknown): AppError | undefined {
  const code = errorCode(error)
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new AppError('NTFAPI_BODY_TOO_LARGE')
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return new AppError('NTFAPI_URI_TOO_LONG')
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new AppError('NTFAPI_BAD_REQUEST', { cause: error })
  return undefined
}
