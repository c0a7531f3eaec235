import { expect, test } from 'vitest'
import { stallsOf } from './stalls.ts'

const slow = (intendedMs: number, arrivedMs: number) => ({
  intendedMicros: 1000 * intendedMs,
  arrivedMicros: 1000 * arrivedMs,
})

test('events that were under way at the same time are one stall, in whatever order they arrived', () => {
  expect(stallsOf([slow(120, 160), slow(100, 150), slow(140, 155)], 90_000)).toEqual([
    { atMs: 10, lengthMs: 60, events: 3 },
  ])
})

test('events that did not overlap are stalls of their own, in the order of time', () => {
  expect(stallsOf([slow(300, 320), slow(100, 120)], 0)).toEqual([
    { atMs: 100, lengthMs: 20, events: 1 },
    { atMs: 300, lengthMs: 20, events: 1 },
  ])
})

test('nothing slow is no stall', () => {
  expect(stallsOf([], 0)).toEqual([])
})
