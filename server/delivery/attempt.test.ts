import { expect, test } from 'vitest'
import { settlementOf, type Head } from './attempt.ts'

const head: Head = {
  targetId: 5,
  laneSeries: 'lane',
  partition: 2,
  addressKey: 'address',
  position: 77,
  attempts: 2,
  uuid: 'n',
  number: 1,
  created: '2026-01-01T00:00:00.000000Z',
  ageMs: 500,
  method: 'WEBHOOK',
  address: 'http://127.0.0.1/',
  subscriptionName: 's',
  tenant: 'dev',
  eventUuid: 'e',
}
const policy = { delaysMs: [1000, 2000, 30_000], horizonMs: 1000 }
const place = { targetId: 5, laneSeries: 'lane', partition: 2, position: 77 }

test('a 2xx settles the head as delivered, with this attempt counted', () => {
  expect(settlementOf(head, { kind: 'answered', httpStatus: 204, durationMs: 12 }, policy)).toEqual({
    ...place,
    attempts: 3,
    kind: 'delivered',
    httpStatus: 204,
    reason: null,
    durationMs: 12,
    delayMs: 0,
    askedMs: 0,
  })
})

test('a failure before the horizon keeps the head and delays it by the list', () => {
  const settlement = settlementOf(
    head,
    { kind: 'failed', reason: 'closed_early', stage: 'answer', durationMs: 9 },
    policy,
  )
  expect(settlement).toMatchObject({
    ...place,
    attempts: 3,
    kind: 'retry',
    httpStatus: null,
    reason: 'closed_early',
    durationMs: 9,
  })
  expect(settlement.delayMs).toBeGreaterThanOrEqual(24_000)
  expect(settlement.delayMs).toBeLessThanOrEqual(36_000)
})

test('a receiver that asks for a longer wait than the list gets it', () => {
  const { delayMs } = settlementOf(
    { ...head, attempts: 0 },
    { kind: 'answered', httpStatus: 503, retryAfterMs: 60_000, durationMs: 1 },
    policy,
  )
  expect(delayMs).toBeGreaterThanOrEqual(60_000)
})

test('a failure past the horizon gives up from the third attempt on, and keeps the reason', () => {
  const failure = { kind: 'answered', httpStatus: 500, durationMs: 1 } as const
  expect(settlementOf({ ...head, ageMs: 1000 }, failure, policy)).toMatchObject({
    attempts: 3,
    kind: 'given_up',
    reason: 'horizon_passed',
    lastFailure: 'http_500',
    httpStatus: 500,
    delayMs: 0,
    askedMs: 0,
  })
  expect(settlementOf({ ...head, ageMs: 1000, attempts: 1 }, failure, policy)).toMatchObject({
    attempts: 2,
    kind: 'retry',
    reason: 'http_500',
  })
})

test('a request that cannot be built is given up at once', () => {
  expect(settlementOf({ ...head, attempts: 0 }, { kind: 'unbuildable', reason: 'bad_address' }, policy)).toMatchObject({
    attempts: 1,
    kind: 'given_up',
    reason: 'bad_address',
    httpStatus: null,
    durationMs: 0,
  })
})
