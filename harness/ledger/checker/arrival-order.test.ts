import { expect, test } from 'vitest'
import { createArrivalChecker } from './arrival-order.ts'

function checkerOf(events: number, arrivals: readonly (readonly [string, number])[]) {
  let nowMs = 0
  const checker = createArrivalChecker(events, () => (nowMs += 10))
  for (const [seriesId, number] of arrivals) checker.arrived(seriesId, number)
  return checker
}

test('a backlog is drained when every number of every series has come, in order', () => {
  const checker = checkerOf(4, [
    ['a', 1],
    ['b', 1],
    ['a', 2],
    ['b', 2],
  ])
  expect(checker.isDone()).toBe(true)
  expect(checker.result()).toMatchObject({ arrivals: 4, outOfOrder: 0, repeated: 0, failures: [] })
})

test.each([
  [
    'a number that is left out',
    [
      ['a', 1],
      ['a', 3],
    ],
    { outOfOrder: 1 },
  ],
  [
    'a number that comes again',
    [
      ['a', 1],
      ['a', 1],
      ['a', 2],
    ],
    { repeated: 1 },
  ],
  ['a number that never comes', [['a', 1]], { arrivals: 1 }],
] as const)('%s is a failure', (_what, arrivals, expected) => {
  const result = checkerOf(2, arrivals).result()
  expect(result).toMatchObject(expected)
  expect(result.failures).toHaveLength(1)
})
