import { MAX_FAULTS, type Checked } from '@tidings/contract/validate.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import { shown } from './shown-text.ts'

/** One thing that is wrong with a request. */
export interface Fault {
  readonly code: ErrorCode
  readonly text: string
}

const SCHEMA = 'TAPIS_JSON_VALIDATION_ERROR'

export const schemaFault = (text: string): Fault => ({ code: SCHEMA, text })

/** The value of a body that has passed its schema, unless there is any fault, of its form or another; see `refuseIfAny`. */
export function valueOrRefuse<T>(checked: Checked<T>, others: readonly Fault[], code?: ErrorCode): T {
  const form = checked.kind === 'invalid' ? checked.faults.map(schemaFault) : []
  refuseIfAny([...form, ...others], code)
  if (checked.kind === 'invalid') throw new Error('A body was found invalid without a fault')
  return checked.value
}

/**
 * Throws one `AppError` that names every fault; does nothing when there is none. A fault of form decides the code;
 * without one it is `code`, or the first fault's own.
 */
export function refuseIfAny(faults: readonly Fault[], code?: ErrorCode): void {
  const [first] = faults
  if (first === undefined) return
  const chosen = faults.some((fault) => fault.code === SCHEMA) ? SCHEMA : code ?? first.code
  throw new AppError(chosen, { faults: faults.slice(0, MAX_FAULTS).map((fault) => shown(fault.code === chosen ? fault.text : `${fault.code} ${fault.text}`)) })
}
