import { expect, test } from 'vitest'
import { outcomeOf, type OutcomeContext } from './outcome.ts'
import type { FailureReason } from './send-result.ts'

const young: OutcomeContext = { attempts: 1, createdAgoMs: 0, horizonMs: 90_000_000 }
const old: OutcomeContext = { attempts: 3, createdAgoMs: 90_000_000, horizonMs: 90_000_000 }
const answer = (httpStatus: number) => ({ kind: 'answered', httpStatus, durationMs: 1 }) as const

test.each([200, 201, 202, 204, 299])('%d is delivered', (httpStatus) => {
  expect(outcomeOf(answer(httpStatus), young)).toEqual({ kind: 'delivered', httpStatus })
  expect(outcomeOf(answer(httpStatus), old)).toEqual({ kind: 'delivered', httpStatus })
})

test.each([101, 199, 300, 301, 307, 400, 401, 404, 409, 411, 429, 500, 503, 599, 999])('%d is a retry', (httpStatus) => {
  expect(outcomeOf(answer(httpStatus), young)).toEqual({ kind: 'retry', reason: `http_${httpStatus}`, httpStatus })
})

test('410 is given up at once', () => {
  expect(outcomeOf(answer(410), young)).toEqual({ kind: 'give_up', reason: 'gone', httpStatus: 410 })
})

test('what the receiver asked to wait is passed on', () => {
  expect(outcomeOf({ ...answer(503), retryAfterMs: 0 }, young)).toEqual({ kind: 'retry', reason: 'http_503', httpStatus: 503, afterMs: 0 })
})

const reasons: FailureReason[] = ['dns', 'address_refused', 'connect_refused', 'connect_timeout', 'tls', 'answer_timeout', 'closed_early', 'bad_answer']
test.each(reasons)('no answer (%s) is a retry', (reason) => {
  expect(outcomeOf({ kind: 'failed', reason, stage: 'connect', durationMs: 1 }, young)).toEqual({ kind: 'retry', reason })
})

test('a request that cannot be built is given up at once', () => {
  expect(outcomeOf({ kind: 'unbuildable', reason: 'bad_address' }, young)).toEqual({ kind: 'give_up', reason: 'bad_address' })
})

test('past the horizon a retry is given up, its status kept', () => {
  expect(outcomeOf(answer(500), old)).toEqual({ kind: 'give_up', reason: 'horizon_passed', httpStatus: 500 })
  expect(outcomeOf({ kind: 'failed', reason: 'dns', stage: 'connect', durationMs: 1 }, old)).toEqual({ kind: 'give_up', reason: 'horizon_passed' })
})

test('past the horizon, but with fewer than three attempts, it is tried again', () => {
  expect(outcomeOf(answer(500), { ...old, attempts: 2 }).kind).toBe('retry')
})

test('after three attempts, but before the horizon, it is tried again', () => {
  expect(outcomeOf(answer(500), { ...old, createdAgoMs: 89_999_999 }).kind).toBe('retry')
})
