import { messageText } from '@tidings/contract/message-text.ts'
import type { AppError } from '../../errors.ts'
import { sanitize } from '../../../runtime/display-text.ts'
import type { Caller } from '../../auth/caller.ts'

/** `<CODE> <sentence>. jwtTenant: .. jwtUser: .. OboTenant: .. OboUser: .. Key: value` (protocol 2.4). */
export const successMessage = (
  code: string,
  sentence: string,
  caller: Caller | undefined,
  details: Readonly<Record<string, string | number>> = {},
): string =>
  messageText({
    code,
    sentence,
    pairs: [
      ...callerPairs(caller),
      ...Object.entries(details).map(([key, value]) => [key, sanitize(String(value))] as const),
    ],
  })

/** Returns the message of an error, with the pairs of a known caller in the same place as in a success. */
export const errorMessage = ({ parts }: AppError, caller: Caller | undefined): string =>
  messageText({ ...parts, pairs: [...callerPairs(caller), ...(parts.pairs ?? [])] })

const callerPairs = (caller: Caller | undefined): readonly (readonly [string, string])[] =>
  caller === undefined
    ? []
    : [
        ['jwtTenant', sanitize(caller.jwtTenant)],
        ['jwtUser', sanitize(caller.jwtUser)],
        ['OboTenant', sanitize(caller.oboTenant)],
        ['OboUser', sanitize(caller.oboUser)],
      ]
