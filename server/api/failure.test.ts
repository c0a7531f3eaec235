import { expect, test } from 'vitest'
import { AppError } from '../errors.ts'
import { toAppError } from './failure.ts'

const withCode = (code: string, message = 'x') => Object.assign(new Error(message), { code })

test.each([
  withCode('ECONNREFUSED'), withCode('57P01'), withCode('53300'), withCode('08006'), withCode('57014'), withCode('25P03'),
  new Error('Query read timeout'), new Error('Connection terminated unexpectedly'), new Error('timeout exceeded when trying to connect'),
])('a database that is away is 503: %s', (error) => {
  expect(toAppError(error)).toMatchObject({ code: 'NTFAPI_UNAVAILABLE', httpStatus: 503, retryAfterS: 1, cause: error })
})

test.each([withCode('23505'), withCode('42P01'), new TypeError('x'), 'a text', null, undefined])('anything unforeseen is a bug: %s', (error) => {
  expect(toAppError(error)).toMatchObject({ code: 'NTFAPI_INTERNAL', httpStatus: 500, cause: error })
})

test('what names itself stays as it is', () => {
  const error = new AppError('NTFAPI_BUSY', { retryAfterS: 3 })
  expect(toAppError(error)).toBe(error)
})

test('refusals of the HTTP library are the fault of the request', () => {
  expect(toAppError(Object.assign(withCode('FST_ERR_CTP_INVALID_CONTENT_LENGTH'), { statusCode: 400 })).httpStatus).toBe(400)
  expect(toAppError(Object.assign(withCode('FST_ERR_CTP_BODY_TOO_LARGE'), { statusCode: 413 })).httpStatus).toBe(413)
})
