import { expect, test } from 'vitest'
import { AppError } from '../errors.ts'
import { message, withCaller } from './message.ts'

const CALLER = { jwtTenant: 'admin', jwtUser: 'jobs', oboTenant: 'dev', oboUser: 'jdoe', isService: true, mayActFor: () => true }
const PAIRS = 'jwtTenant: admin jwtUser: jobs OboTenant: dev OboUser: jdoe'

test('the pairs of the caller stand between the sentence and the details', () => {
  expect(message('CODE', 'It is done', CALLER, { Key: 'a\nb', Count: 1 })).toBe(`CODE It is done. ${PAIRS} Key: a?b Count: 1`)
})

test('in an error they stand in the same place, before details and faults', () => {
  expect(withCaller(new AppError('NTFLIB_EVENT_SVC_NOMATCH', { details: { Type: 'x. y' }, faults: ['one.'] }).message, CALLER))
    .toBe(`NTFLIB_EVENT_SVC_NOMATCH The first section of the event type must be the name of the publishing service. ${PAIRS} Type: x. y\n  #1 one.`)
  expect(withCaller(new AppError('NTFAPI_INTERNAL').message, CALLER)).toBe(`NTFAPI_INTERNAL The service failed; the fault is logged. ${PAIRS}`)
})
