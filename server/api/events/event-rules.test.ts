import { expect, test } from 'vitest'
import { eventViolations, idempotencyKeyViolations } from './event-rules.ts'

const JOBS = { jwtUser: 'jobs' }
const codes = (members: Record<string, unknown>) => eventViolations(members, JOBS).map(({ code }) => code)

test('the type must begin with the name of the service, whole', () => {
  expect([codes({ type: 'jobs.a.b' }), codes({ type: 7 }), codes({})]).toEqual([[], [], []])
  expect([codes({ type: 'job.a.b' }), codes({ type: 'jobsx.a.b' }), codes({ type: '' })]).toEqual(
    Array(3).fill(['NTFLIB_EVENT_SVC_NOMATCH']),
  )
})

test('the key of a series must be storable; data need not be', () => {
  expect(
    codes({ type: 'jobs.a.b', data: '\u0000\ud800', source: '😀', subject: 'a\udc00', seriesId: '\u0000' }),
  ).toEqual(['NTFAPI_EVENT_ATTR_ERR', 'NTFAPI_EVENT_ATTR_ERR'])
})

test('an idempotency key is 1 to 255 printable ASCII characters, once', () => {
  const isFine = (...keys: string[]) => idempotencyKeyViolations({ 'idempotency-key': keys }).length === 0
  expect([isFine('a'), isFine('k'.repeat(255)), isFine('~ !')]).toEqual([true, true, true])
  expect([isFine(''), isFine('k'.repeat(256)), isFine('é'), isFine('a\tb'), isFine('a', 'a')]).toEqual(
    Array(5).fill(false),
  )
  expect(idempotencyKeyViolations({})).toEqual([])
})
