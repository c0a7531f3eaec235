import { MAX_VIOLATIONS, type ValidationResult } from '@tidings/contract/validate.ts'
import { AppError, type ErrorCode } from './errors.ts'
import { sanitize } from '../runtime/display-text.ts'

/** One violation of a rule by a request. */
export interface Violation {
  readonly code: ErrorCode
  readonly text: string
}

const SCHEMA = 'TAPIS_JSON_VALIDATION_ERROR'

export const schemaViolation = (text: string): Violation => ({ code: SCHEMA, text })

/**
 * Returns the value of a body that passed its schema. Throws when there is any violation, of the schema or another; see
 * `rejectIfAny`.
 */
export function valueOrReject<T>(checked: ValidationResult<T>, others: readonly Violation[], code?: ErrorCode): T {
  const form = checked.kind === 'invalid' ? checked.violations.map(schemaViolation) : []
  rejectIfAny([...form, ...others], code)
  if (checked.kind === 'invalid') throw new Error('a body is invalid without a violation')
  return checked.value
}

/**
 * Throws one `AppError` that names every violation; does nothing when there is none. A violation of the schema decides
 * the code; without one it is `code`, or that of the first violation.
 */
export function rejectIfAny(violations: readonly Violation[], code?: ErrorCode): void {
  const [first] = violations
  if (first === undefined) return
  const chosen = violations.some((violation) => violation.code === SCHEMA) ? SCHEMA : (code ?? first.code)
  throw new AppError(chosen, {
    violations: violations
      .slice(0, MAX_VIOLATIONS)
      .map((violation) => sanitize(violation.code === chosen ? violation.text : `${violation.code} ${violation.text}`)),
  })
}
