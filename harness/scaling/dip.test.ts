import { expect, test } from 'vitest'
import { longestDipMs } from './dip.ts'

/** One arrival every 10 ms. */
const steady = (fromMs: number, toMs: number) =>
  Array.from({ length: (toMs - fromMs) / 10 }, (_, index) => fromMs + 10 * index)

test('a dip lasts as long as less than half of the usual rate arrives', () => {
  expect(longestDipMs(steady(0, 10_000), { fromMs: 0, toMs: 10_000, perSecond: 100 })).toBe(0)
  expect(longestDipMs([...steady(0, 3000), ...steady(5000, 10_000)], { fromMs: 0, toMs: 10_000, perSecond: 100 })).toBe(
    2000,
  )
  expect(longestDipMs([], { fromMs: 0, toMs: 1000, perSecond: 100 })).toBe(1000)
})
