import { AppError, type ErrorCode } from '../../errors.ts'
import { shown } from '../shown-text.ts'

/** Why a request is not let in: a row of the decision table (contract 1.4). */
export interface Refusal {
  readonly kind: 'refused'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, string>>
  /** True when newer data of tenants could turn the refusal around. */
  readonly mayBeStale: boolean
}

/** `details` go to the caller: never the token, nor what only the token says before its signature is verified. */
export const refused = (code: ErrorCode, details: Refusal['details'] = {}, { mayBeStale = false } = {}): Refusal => ({ kind: 'refused', code, details, mayBeStale })

export const toAppError = ({ code, details }: Refusal) => new AppError(code, { details: Object.fromEntries(Object.entries(details).map(([key, value]) => [key, shown(value)])) })
