import { expect, test } from 'vitest'
import { AppError } from '../../errors.ts'
import { errorMessage, successMessage } from './response-message.ts'

const CALLER = {
  jwtTenant: 'admin',
  jwtUser: 'jobs',
  oboTenant: 'dev',
  oboUser: 'jdoe',
  isService: true,
  mayActFor: () => true,
}
const PAIRS = 'jwtTenant: admin jwtUser: jobs OboTenant: dev OboUser: jdoe'

test('the pairs of the caller are between the sentence and the details', () => {
  expect(successMessage('CODE', 'It is done', CALLER, { Key: 'a\nb', Count: 1 })).toBe(
    `CODE It is done. ${PAIRS} Key: a?b Count: 1`,
  )
})

test('in an error they are in the same place, before details and violations', () => {
  expect(
    errorMessage(new AppError('NTFLIB_EVENT_SVC_NOMATCH', { details: { Type: 'x. y' }, violations: ['one.'] }), CALLER),
  ).toBe(
    'NTFLIB_EVENT_SVC_NOMATCH The first section of the event type must be the name of the publishing service. ' +
      `${PAIRS} Type: x. y\n  #1 one.`,
  )
  expect(errorMessage(new AppError('NTFAPI_INTERNAL'), CALLER)).toBe(
    `NTFAPI_INTERNAL An internal error occurred; it was logged. ${PAIRS}`,
  )
})

test('they are after all of a message that has two sentences', () => {
  expect(errorMessage(new AppError('NTFAPI_IDEMPOTENCY_KEY_REUSED'), CALLER)).toBe(
    `${new AppError('NTFAPI_IDEMPOTENCY_KEY_REUSED').message} ${PAIRS}`,
  )
})

test("without a caller the message is the error's own", () => {
  const error = new AppError('NTFAPI_BAD_REQUEST', { details: { Host: 'is missing' }, violations: ['one'] })
  expect(errorMessage(error, undefined)).toBe(error.message)
})
