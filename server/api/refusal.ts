import { AppError, type ErrorCode } from '../errors.ts'
import { shown } from './shown-text.ts'

/** One thing that is wrong with a request. */
export interface Fault {
  readonly code: ErrorCode
  readonly text: string
}

/** A list of targets can hold thousands of faults; more than this nobody reads. */
const MAX_FAULTS = 100
const SCHEMA = 'TAPIS_JSON_VALIDATION_ERROR'

export const schemaFault = (text: string): Fault => ({ code: SCHEMA, text })

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
