import { expect, test } from 'vitest'
import { outcomeOf, type OutcomeContext } from './outcome.ts'
import type { FailureReason, RefusalStage } from './send-result.ts'

const young: OutcomeContext = { attempts: 1, createdAgoMs: 0, horizonMs: 90_000_000 }
const old: OutcomeContext = { attempts: 3, createdAgoMs: 90_000_000, horizonMs: 90_000_000 }
const answer = (httpStatus: number) => ({ kind: 'answered', httpStatus, durationMs: 1 }) as const

test.each([200, 201, 202, 204, 299])('%d is delivered', (httpStatus) => {
  expect(outcomeOf(answer(httpStatus), young)).toEqual({ kind: 'delivered', httpStatus })
  expect(outcomeOf(answer(httpStatus), old)).toEqual({ kind: 'delivered', httpStatus })
})

test.each([101, 199, 300, 301, 307, 400, 401, 404, 409, 411, 429, 500, 503, 599, 999])(
  '%d is a retry',
  (httpStatus) => {
    expect(outcomeOf(answer(httpStatus), young)).toEqual({ kind: 'retry', reason: `http_${httpStatus}`, httpStatus })
  },
)

test('410 is given up at once', () => {
  expect(outcomeOf(answer(410), young)).toEqual({ kind: 'give_up', reason: 'gone', httpStatus: 410 })
})

test('the wait that the receiver asked for is passed on', () => {
  expect(outcomeOf({ ...answer(503), retryAfterMs: 0 }, young)).toEqual({
    kind: 'retry',
    reason: 'http_503',
    httpStatus: 503,
    afterMs: 0,
  })
})

const reasons: FailureReason[] = [
  'dns',
  'address_refused',
  'connect_refused',
  'connect_timeout',
  'tls',
  'answer_timeout',
  'closed_early',
  'bad_answer',
]
test.each(reasons)('no answer (%s) is a retry', (reason) => {
  expect(outcomeOf({ kind: 'failed', reason, stage: 'connect', durationMs: 1 }, young)).toEqual({
    kind: 'retry',
    reason,
  })
})

const refusal = (smtpCode: number, stage: RefusalStage) =>
  ({ kind: 'refused', smtpCode, stage, durationMs: 1 }) as const
const stages: RefusalStage[] = ['session', 'sender', 'recipient', 'message']

test('a mail that the server accepted is delivered', () => {
  expect(outcomeOf({ kind: 'accepted', durationMs: 1 }, old)).toEqual({ kind: 'delivered' })
})

test.each(stages)('a mail that is rejected temporarily is retried (%s)', (stage) => {
  for (const code of [421, 450, 451, 452, 454, 499])
    expect(outcomeOf(refusal(code, stage), young)).toEqual({ kind: 'retry', reason: `smtp_${code}` })
})

test.each(['recipient', 'message'] as const)('a mail whose %s is rejected permanently is given up at once', (stage) => {
  for (const code of [500, 501, 510, 550, 551, 552, 553, 554, 571, 599])
    expect(outcomeOf(refusal(code, stage), young)).toEqual({ kind: 'give_up', reason: `smtp_${code}` })
})

test.each(stages)('a code about our login or the session does not give a mail up (%s)', (stage) => {
  for (const code of [503, 521, 530, 534, 535, 538])
    expect(outcomeOf(refusal(code, stage), young)).toEqual({ kind: 'retry', reason: `smtp_${code}` })
})

test.each(['session', 'sender'] as const)(
  'a permanent rejection of the %s is retried, because it would hit every mail',
  (stage) => {
    for (const code of [500, 501, 502, 504, 550, 553, 554])
      expect(outcomeOf(refusal(code, stage), young)).toEqual({ kind: 'retry', reason: `smtp_${code}` })
  },
)

test('a mail that is rejected for its announced size is given up', () => {
  expect(outcomeOf(refusal(552, 'sender'), young)).toEqual({ kind: 'give_up', reason: 'smtp_552' })
})

test('a mail that is rejected temporarily is given up past the horizon', () => {
  expect(outcomeOf(refusal(450, 'recipient'), old)).toEqual({
    kind: 'give_up',
    reason: 'horizon_passed',
    lastFailure: 'smtp_450',
  })
})

test('a request that cannot be built is given up at once', () => {
  expect(outcomeOf({ kind: 'unbuildable', reason: 'bad_address' }, young)).toEqual({
    kind: 'give_up',
    reason: 'bad_address',
  })
})

test('past the horizon a retry is given up, its status kept', () => {
  expect(outcomeOf(answer(500), old)).toEqual({
    kind: 'give_up',
    reason: 'horizon_passed',
    lastFailure: 'http_500',
    httpStatus: 500,
  })
  expect(outcomeOf({ kind: 'failed', reason: 'dns', stage: 'connect', durationMs: 1 }, old)).toEqual({
    kind: 'give_up',
    reason: 'horizon_passed',
    lastFailure: 'dns',
  })
})

test('past the horizon, but with fewer than three attempts, it is retried', () => {
  expect(outcomeOf(answer(500), { ...old, attempts: 2 }).kind).toBe('retry')
})

test('after three attempts, but before the horizon, it is retried', () => {
  expect(outcomeOf(answer(500), { ...old, createdAgoMs: 89_999_999 }).kind).toBe('retry')
})
