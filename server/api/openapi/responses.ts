import { AppError, type ErrorCode } from '../../errors.ts'
import type { Operation, Success } from './operation.ts'
import { reference } from './schema.ts'

/** An answer of an operation, or the name of a common one. */
export interface ResponseObject {
  readonly $ref?: string
  readonly description?: string
  readonly [member: string]: unknown
}

const jsonOf = (model: string, example?: unknown) => ({ 'application/json': { schema: reference(model), ...(example === undefined ? {} : { example }) } })

const BUILD = { version: '0.1.0', commit: 'unknown', build: 'unknown', metadata: null }

const refusal = (description: string, code: ErrorCode): ResponseObject =>
  ({ description, content: jsonOf('RespBasic', { result: null, status: 'error', message: new AppError(code).message, ...BUILD }) })

const RETRY_AFTER = { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } } }
const WARNING = { 'Tidings-Warning': { description: 'What was done as asked, though it was probably not meant so. There may be several.', schema: { type: 'string' } } }

const ACCEPT_ENCODING = { 'Accept-Encoding': { description: '`identity`, when the body is compressed.', schema: { type: 'string' } } }

/** Refusals that operations have in common. */
export const COMMON_RESPONSES: Readonly<Record<string, ResponseObject>> = {
  Invalid: refusal('The request is not valid. The message names every fault.', 'TAPIS_JSON_VALIDATION_ERROR'),
  Unauthorized: refusal('There is no valid token, or the caller may not do this.', 'TAPIS_SECURITY_MISSING_JWT_INFO'),
  TooLarge: refusal('The request body is too large: 1 MiB is the most, and 64 KiB in a search and in what users send.', 'NTFAPI_BODY_TOO_LARGE'),
  AddressTooLong: refusal('A part of the address is too long.', 'NTFAPI_URI_TOO_LONG'),
  NotJson: { ...refusal('The content type is not `application/json`, or the body is compressed.', 'NTFAPI_UNSUPPORTED_MEDIA_TYPE'), headers: ACCEPT_ENCODING },
  Failed: refusal('The service failed, by a fault of its own.', 'NTFAPI_INTERNAL'),
  Unavailable: { ...refusal('The service cannot do this at the moment, but may later.', 'NTFAPI_UNAVAILABLE'), headers: RETRY_AFTER },
}

const common = (name: string): ResponseObject => ({ $ref: `#/components/responses/${name}` })

/** Every status that the operation answers with, but for those that HTTP itself has before there is an operation. */
export function responsesOf({ who, method, path, success, refusals = {} }: Operation): Readonly<Record<string, ResponseObject>> {
  return {
    [success.status]: { description: success.description, ...(success.mayWarn && { headers: WARNING }), content: jsonOf(success.model, exampleOf(success)) },
    400: common('Invalid'),
    ...(who === 'anyone' ? {} : { 401: common('Unauthorized') }),
    ...(method === 'GET' ? {} : { 413: common('TooLarge') }),
    ...(path.includes(':') ? { 414: common('AddressTooLong') } : {}),
    415: common('NotJson'),
    500: common('Failed'),
    503: common('Unavailable'),
    ...Object.fromEntries(Object.entries(refusals).map(([status, { description, code }]) => [status, { ...refusal(description, code), ...(status === '429' ? { headers: RETRY_AFTER } : {}) }])),
  }
}

/** Where the model leaves the result open, an example says what it is. */
const exampleOf = ({ result, code }: Success) => (result === undefined ? undefined : { result, status: 'success', message: code, ...BUILD })
