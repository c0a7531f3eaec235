import { expect, test } from 'vitest'
import { AppError } from '../../errors.ts'
import { PublishError, type PublishErrorKind } from '../../../publish/publish-error.ts'
import { toAppError } from './error-mapping.ts'

const withCode = (code: string, message = 'x') => Object.assign(new Error(message), { code })

test.each([
  withCode('ECONNREFUSED'),
  withCode('57P01'),
  withCode('53300'),
  withCode('08006'),
  withCode('57014'),
  withCode('25P03'),
  new Error('Query read timeout'),
  new Error('Connection terminated unexpectedly'),
  new Error('timeout exceeded when trying to connect'),
])('an unreachable database is 503: %s', (error) => {
  expect(toAppError(error)).toMatchObject({ code: 'NTFAPI_UNAVAILABLE', httpStatus: 503, retryAfterS: 1, cause: error })
})

test.each([withCode('23505'), withCode('42P01'), new TypeError('x'), 'a text', null, undefined])(
  'anything unexpected is a bug: %s',
  (error) => {
    expect(toAppError(error)).toMatchObject({ code: 'NTFAPI_INTERNAL', httpStatus: 500, cause: error })
  },
)

test.each([
  ['not_stored', 'event', 'NTFAPI_EVENT_POST_ERR', 503, 1],
  ['not_stored', 'end_series', 'NTFAPI_EVENT_ENDSERIES_ERR', 503, 1],
  ['unknown', 'event', 'NTFAPI_PUBLISH_UNKNOWN', 503, 1],
  ['key_reused', 'event', 'NTFAPI_IDEMPOTENCY_KEY_REUSED', 422, undefined],
  ['rejected', 'event', 'NTFAPI_INTERNAL', 500, undefined],
] as const satisfies readonly [PublishErrorKind, ...unknown[]][])(
  'a record that was not published (%s, %s) is %s',
  (kind, recordKind, code, httpStatus, retryAfterS) => {
    const cause = new Error('of the broker')
    const error = toAppError(new PublishError(kind, recordKind, cause))
    expect(error).toMatchObject({ code, httpStatus })
    expect(error.retryAfterS).toBe(retryAfterS)
    expect(error.cause).toBe(kind === 'rejected' ? cause : undefined)
  },
)

test('an AppError stays as it is', () => {
  const error = new AppError('NTFAPI_BUSY', { retryAfterS: 3 })
  expect(toAppError(error)).toBe(error)
})

test('rejections of the HTTP library blame the request', () => {
  expect(
    toAppError(Object.assign(withCode('FST_ERR_CTP_INVALID_CONTENT_LENGTH'), { statusCode: 400 })).httpStatus,
  ).toBe(400)
  expect(toAppError(Object.assign(withCode('FST_ERR_CTP_BODY_TOO_LARGE'), { statusCode: 413 })).httpStatus).toBe(413)
})
