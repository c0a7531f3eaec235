import { expect, test } from 'vitest'
import { createLog } from '../../log.ts'
import { AppError } from '../errors.ts'
import { createPublishQuota } from './publish-quota.ts'

const QUOTAS = {
  ofTenant: new Map([['dev', { perSecond: 10, burst: 20 }]]),
  ofOthers: { perSecond: 2, burst: 2 },
}

function open({ quotas }: { readonly quotas: typeof QUOTAS | undefined } = { quotas: QUOTAS }) {
  const time = { now: 0 }
  const quota = createPublishQuota({ quotas, log: createLog({ level: 'silent' }), clock: () => time.now })
  /** What a publisher is told: 0, or the seconds to wait. */
  const charge = (tenant: string, events = 1) => {
    try {
      quota.charge(tenant, events)
      return 0
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'NTFAPI_EVENT_QUOTA') throw error
      return error.retryAfterS
    }
  }
  const many = (count: number, tenant: string) => Array.from({ length: count }, () => charge(tenant))
  return { time, charge, many }
}

test('after a burst a tenant has its rate, whatever it was refused, and never more than the burst', () => {
  const { time, many } = open()
  expect(many(25, 'dev')).toEqual([...Array<number>(20).fill(0), ...Array<number>(5).fill(1)])
  time.now = 500
  expect(many(6, 'dev')).toEqual([0, 0, 0, 0, 0, 1])
  time.now = 3_600_000
  expect(many(21, 'dev').filter((wait) => wait === 0)).toHaveLength(20)
})

test('each tenant has a quota of its own, one that is not named that of the others', () => {
  const { many } = open()
  expect(many(3, 'a')).toEqual([0, 0, 1])
  expect(many(3, 'b')).toEqual([0, 0, 1])
})

test('a batch passes whole as long as one event is left, and what it took is paid back before the next', () => {
  const { time, charge } = open()
  expect(charge('dev', 1000)).toBe(0)
  expect(charge('dev', 1000)).toBe(99) // 980 are owed, at 10 a second, and one must be left
  time.now = 98_000
  expect(charge('dev')).toBe(1)
  time.now = 98_100
  expect(charge('dev')).toBe(0)
})

test('without quotas nobody has one', () => {
  const { many } = open({ quotas: undefined })
  expect(many(10_000, 'dev').every((wait) => wait === 0)).toBe(true)
})
