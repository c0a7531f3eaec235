import { expect, test } from 'vitest'
import { median, spreadOf } from './median.ts'

test('the median of an odd number is the middle one, of an even number the mean of two', () => {
  expect([median([9, 1, 5]), median([1, 9, 5, 7])]).toEqual([5, 6])
})

test('the median of nothing is no number', () => {
  expect(median([])).toBeNaN()
})

test('a spread has both ends', () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 })
})
