import { AppError, type ErrorCode } from '../errors.ts'
import { sanitize } from '../../runtime/display-text.ts'

/** Why a request is not accepted: a row of the decision table (protocol 1.4). */
export interface Rejection {
  readonly kind: 'rejected'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, string>>
  /** True when newer data of tenants could reverse the rejection. */
  readonly mayBeStale: boolean
}

/**
 * `details` are sent to the caller: they hold neither the token nor, before its signature is verified, what only the
 * token claims.
 */
export const rejected = (
  code: ErrorCode,
  details: Rejection['details'] = {},
  { mayBeStale = false } = {},
): Rejection => ({ kind: 'rejected', code, details, mayBeStale })

export const rejectionError = ({ code, details }: Rejection) =>
  new AppError(code, {
    details: Object.fromEntries(Object.entries(details).map(([key, value]) => [key, sanitize(value)])),
  })
