import { expect, test } from 'vitest'
import { createCountdown } from './countdown.ts'

function countdownOf(events: number, arrivals: readonly (readonly [string, number])[]) {
  let nowMs = 0
  const countdown = createCountdown(events, () => (nowMs += 10))
  for (const [seriesId, number] of arrivals) countdown.arrived(seriesId, number)
  return countdown
}

test('a backlog is drained when every number of every series has come, in order', () => {
  const countdown = countdownOf(4, [['a', 1], ['b', 1], ['a', 2], ['b', 2]])
  expect(countdown.isDone()).toBe(true)
  expect(countdown.result()).toMatchObject({ arrivals: 4, outOfOrder: 0, again: 0, faults: [] })
})

test.each([
  ['a number that is left out', [['a', 1], ['a', 3]], { outOfOrder: 1 }],
  ['a number that comes again', [['a', 1], ['a', 1], ['a', 2]], { again: 1 }],
  ['a number that never comes', [['a', 1]], { arrivals: 1 }],
] as const)('%s is a fault', (_what, arrivals, expected) => {
  const result = countdownOf(2, arrivals).result()
  expect(result).toMatchObject(expected)
  expect(result.faults).toHaveLength(1)
})
