import { expect, test } from 'vitest'
import { groupBy } from './group-by.ts'

test('groups come in the order of their first items, and items in theirs', () => {
  expect([...groupBy([3, 1, 13, 2, 11], (number) => number % 10)]).toEqual([
    [3, [3, 13]],
    [1, [1, 11]],
    [2, [2]],
  ])
  expect(groupBy([], () => 'none').size).toBe(0)
})
