import { expect, test } from 'vitest'
import { isFlat } from './memory-watch.ts'

const samples = (mbAt: (second: number) => number) => Array.from({ length: 100 }, (_, second) => mbAt(second))

test.each([
  ['it stays where it is', samples(() => 150), true],
  ['it grows in the first quarter only', samples((second) => 100 + 4 * Math.min(second, 25)), true],
  ['it goes up and down', samples((second) => 150 + 40 * (second % 2)), true],
  ['it grows with the time', samples((second) => 100 + 3 * second), false],
])('memory: %s', (_how, given, expected) => {
  expect(isFlat(given)).toBe(expected)
})
