import { expect, test } from 'vitest'
import { createSeriesShare } from './series-share.ts'

test('each connection has series of its own, takes them in turn, and numbers their events', () => {
  const [first, second] = createSeriesShare(5, 2)
  const taken = (next: typeof first) => Array.from({ length: 4 }, () => next?.())
  expect(taken(first)).toEqual([
    { series: 0, number: 1 },
    { series: 2, number: 1 },
    { series: 4, number: 1 },
    { series: 0, number: 2 },
  ])
  expect(taken(second).map((event) => event?.series)).toEqual([1, 3, 1, 3])
})

test('connections without a series of their own share one, and its numbers', () => {
  const shares = createSeriesShare(1, 3)
  expect(shares.map((next) => next())).toEqual([
    { series: 0, number: 1 },
    { series: 0, number: 2 },
    { series: 0, number: 3 },
  ])
})
