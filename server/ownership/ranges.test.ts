import { expect, test } from 'vitest'
import { rangesOf } from './ranges.ts'

test.each([
  [[], ''],
  [[7], '7'],
  [Array.from({ length: 32 }, (_, id) => id), '0-31'],
  [[5, 3, 1, 0, 2, 8, 7], '0-3, 5, 7-8'],
  [[1, 3, 5], '1, 3, 5'],
  [[2, 2, 1], '1-2'],
])('%j is %j', (ids, text) => {
  expect(rangesOf(ids)).toBe(text)
})
