import { expect, test } from 'vitest'
import type { AttemptResult, FailureReason } from '../send-result.ts'
import { verdictOn } from './verdict.ts'

const answered = (httpStatus: number): AttemptResult => ({ kind: 'answered', httpStatus, durationMs: 1 })
const failed = (reason: FailureReason, stage: 'connect' | 'answer'): AttemptResult => ({
  kind: 'failed',
  reason,
  stage,
  durationMs: 1,
})
const refused = (smtpCode: number, stage: 'session' | 'sender' | 'recipient' | 'message'): AttemptResult => ({
  kind: 'refused',
  smtpCode,
  stage,
  durationMs: 1,
})

const WORKS = { server: 'reached', address: 'works' }
const FAILS = { server: 'reached', address: 'fails' }
const UNREACHED = { server: 'unreached', address: 'unknown' }
const NOTHING = { server: 'unknown', address: 'unknown' }

test.for([200, 204, 400, 402, 409, 410, 413, 415, 422])('%i: the address works', (status) =>
  expect(verdictOn(answered(status))).toEqual(WORKS),
)

test.for([301, 302, 307, 401, 403, 404, 405, 407, 408, 429, 500, 502, 503, 504])('%i: the address fails', (status) =>
  expect(verdictOn(answered(status))).toEqual(FAILS),
)

test.for([
  'dns',
  'address_refused',
  'connect_refused',
  'unreachable',
  'connect_timeout',
  'connect_failed',
  'tls',
] as const)('%s concerns the server, and says nothing of the address', (reason) =>
  expect(verdictOn(failed(reason, 'connect'))).toEqual(UNREACHED),
)

test.for(['answer_timeout', 'closed_early', 'bad_answer'] as const)(
  '%s concerns the address; whether the server was reached is known once the request was written',
  (reason) => {
    expect(verdictOn(failed(reason, 'answer'))).toEqual(FAILS)
    expect(verdictOn(failed(reason, 'connect'))).toEqual({ server: 'unknown', address: 'fails' })
  },
)

test('a mail server that refuses the session fails for all, one that rejects a mail works', () => {
  expect(verdictOn({ kind: 'accepted', durationMs: 1 })).toEqual(WORKS)
  expect(verdictOn(refused(421, 'session'))).toEqual(UNREACHED)
  expect(verdictOn(refused(535, 'session'))).toEqual(UNREACHED)
  expect(verdictOn(refused(451, 'recipient'))).toEqual(FAILS)
  expect(verdictOn(refused(451, 'message'))).toEqual(FAILS)
  expect(verdictOn(refused(550, 'recipient'))).toEqual(WORKS)
})

test('what cannot be built, and a fault of our own, says nothing', () => {
  expect(verdictOn({ kind: 'unbuildable', reason: 'bad_address' })).toEqual(NOTHING)
  expect(verdictOn(failed('internal', 'connect'))).toEqual(NOTHING)
  expect(verdictOn(failed('smtputf8_unsupported', 'connect'))).toEqual(NOTHING)
})
