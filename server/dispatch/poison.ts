import { isContentError } from '../db/content-error.ts'
import { isStatementTimeout } from '../db/statement-timeout.ts'
import { isTooManyMatches } from './dispatch-store.ts'

/**
 * Returns what a failed batch means, by its SQLSTATE class.
 *
 * | class                         | meaning                            | then                                       |
 * |-------------------------------|------------------------------------|--------------------------------------------|
 * | 22, 23, 54                    | the content of a record may be bad | one record at a time; fails alone: parked  |
 * | 57014 (statement time limit)  | the batch is too large             | a smaller batch, then more time            |
 * | TD004 (too many matches)      | the same                           | the same                                   |
 * | anything else                 | the cause will pass                | the same again until it succeeds           |
 */
export function diagnose(error: unknown): 'content' | 'too_large' | 'passing' {
  if (isContentError(error)) return 'content'
  return isStatementTimeout(error) || isTooManyMatches(error) ? 'too_large' : 'passing'
}
