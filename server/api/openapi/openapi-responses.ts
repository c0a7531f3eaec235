import { envelope } from '@tidings/contract/envelope.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import type { OperationDescription, Success } from './operation-description.ts'
import { reference } from './openapi-schema.ts'

/** A response of an operation, or the name of a common one. */
export interface ResponseObject {
  readonly $ref?: string
  readonly description?: string
  readonly [member: string]: unknown
}

const jsonOf = (model: string, example?: unknown) => ({
  'application/json': { schema: reference(model), ...(example === undefined ? {} : { example }) },
})

const BUILD = { version: '0.1.0', commit: 'unknown', build: 'unknown' }

const rejection = (description: string, code: ErrorCode): ResponseObject => ({
  description,
  content: jsonOf('RespBasic', envelope({ result: null, status: 'error', message: new AppError(code).message }, BUILD)),
})

const RETRY_AFTER = { 'Retry-After': { description: 'Seconds until a retry.', schema: { type: 'integer' } } }
const WARNING = {
  'Tidings-Warning': {
    description: 'What the request did although it was probably not intended. There may be several.',
    schema: { type: 'string' },
  },
}

const ACCEPT_ENCODING = {
  'Accept-Encoding': { description: '`identity`, when the body was compressed.', schema: { type: 'string' } },
}

/** Rejections that operations have in common. */
export const COMMON_RESPONSES: Readonly<Record<string, ResponseObject>> = {
  Invalid: rejection('The request is not valid. The message names every violation.', 'TAPIS_JSON_VALIDATION_ERROR'),
  Unauthorized: rejection('There is no valid token, or the caller may not do this.', 'TAPIS_SECURITY_MISSING_JWT_INFO'),
  TooLarge: rejection(
    'The request body is too large: at most 1 MiB, 4 MiB for a batch of events, 64 KiB in a search and from users.',
    'NTFAPI_BODY_TOO_LARGE',
  ),
  AddressTooLong: rejection('A part of the path is too long.', 'NTFAPI_URI_TOO_LONG'),
  NotJson: {
    ...rejection(
      'The content type is not `application/json`, or the body is compressed.',
      'NTFAPI_UNSUPPORTED_MEDIA_TYPE',
    ),
    headers: ACCEPT_ENCODING,
  },
  Failed: rejection('An internal error of the service.', 'NTFAPI_INTERNAL'),
  Unavailable: {
    ...rejection('The service cannot do this now; try again later.', 'NTFAPI_UNAVAILABLE'),
    headers: RETRY_AFTER,
  },
}

const common = (name: string): ResponseObject => ({ $ref: `#/components/responses/${name}` })

/** Returns every status of the operation, without those of HTTP itself that come before any operation. */
export function responsesOf({
  who,
  method,
  path,
  success,
  rejections = {},
}: OperationDescription): Readonly<Record<string, ResponseObject>> {
  return {
    [success.status]: {
      description: success.description,
      ...(success.mayWarn && { headers: WARNING }),
      content: jsonOf(success.model, exampleOf(success)),
    },
    400: common('Invalid'),
    ...(who === 'anyone' ? {} : { 401: common('Unauthorized') }),
    ...(method === 'GET' ? {} : { 413: common('TooLarge') }),
    ...(path.includes(':') ? { 414: common('AddressTooLong') } : {}),
    415: common('NotJson'),
    500: common('Failed'),
    503: common('Unavailable'),
    ...Object.fromEntries(
      Object.entries(rejections).map(([status, { description, code }]) => [
        status,
        { ...rejection(description, code), ...(status === '429' ? { headers: RETRY_AFTER } : {}) },
      ]),
    ),
  }
}

/** Where the model leaves the result open, an example says what it is. Its message is the code alone. */
const exampleOf = ({ example }: Success) =>
  example === undefined
    ? undefined
    : envelope({ result: example.result, status: 'success', message: example.code }, BUILD)
