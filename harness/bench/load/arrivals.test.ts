import { expect, test } from 'vitest'
import { createArrivals } from './arrivals.ts'

function countsOf(numbers: readonly number[]) {
  const arrivals = createArrivals()
  for (const number of numbers) arrivals.add(0, number)
  return { unique: arrivals.unique, repeated: arrivals.repeated, early: arrivals.early }
}

test.each([
  ['in order', [1, 2, 3], { unique: 3, repeated: 0, early: 0 }],
  ['twice', [1, 1, 2, 1], { unique: 2, repeated: 2, early: 0 }],
  ['two exchanged', [2, 1, 3], { unique: 3, repeated: 0, early: 1 }],
  ['an early one twice', [3, 3, 1, 2, 3], { unique: 3, repeated: 2, early: 1 }],
  ['a hole', [1, 3, 4], { unique: 3, repeated: 0, early: 2 }],
])('%s', (_how, numbers, counts) => {
  expect(countsOf(numbers)).toEqual(counts)
})

test('lanes do not know each other', () => {
  const arrivals = createArrivals()
  arrivals.add(0, 1)
  arrivals.add(7, 1)
  expect([arrivals.unique, arrivals.repeated, arrivals.early]).toEqual([2, 0, 0])
})
