import { expect, test } from 'vitest'
import { dividedLimit } from './divided-limit.ts'

test('one dispatcher has the whole limit', () => {
  expect([1, 5, 128].map((limit) => dividedLimit(limit, 1))).toEqual([1, 5, 128])
})

test('several have a part each, rounded up, and one at least', () => {
  expect([1, 2, 3, 4, 5, 100].map((dispatchers) => dividedLimit(4, dispatchers))).toEqual([4, 2, 2, 1, 1, 1])
  expect([2, 3, 64, 128, 129].map((dispatchers) => dividedLimit(128, dispatchers))).toEqual([64, 43, 2, 1, 1])
})

test('together they use the whole limit, and exceed it by less than one each', () => {
  for (let limit = 1; limit <= 40; limit += 1)
    for (let dispatchers = 1; dispatchers <= 40; dispatchers += 1) {
      const together = dispatchers * dividedLimit(limit, dispatchers)
      expect(together, `${limit} by ${dispatchers}`).toBeGreaterThanOrEqual(limit)
      expect(together, `${limit} by ${dispatchers}`).toBeLessThan(limit + dispatchers)
    }
})
