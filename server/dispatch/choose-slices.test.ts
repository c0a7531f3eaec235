import { expect, test } from 'vitest'
import type { FanOut } from '../lanes/fan-out.ts'
import { chooseSlices } from './choose-slices.ts'

const fanOut = (position: number, tenant: string, laneSeries: string, size: number, done = 0): FanOut => ({
  partition: 0,
  position,
  laneSeries,
  tenant,
  number: 1,
  deletesSubscriptions: false,
  size,
  done,
})

/** Position and size of each slice. */
const chosen = (fanOuts: readonly FanOut[], size: number, servedAt: Readonly<Record<string, number>> = {}) =>
  chooseSlices(fanOuts, { size, servedAt: new Map(Object.entries(servedAt)) }).map((slice) => [
    slice.fanOut.position,
    slice.size,
  ])

test('a large fan-out fills a turn, and goes on where it was', () => {
  expect(chosen([fanOut(1, 'a', 'x', 100_000, 99_900)], 500)).toEqual([[1, 100]])
  expect(chosen([fanOut(1, 'a', 'x', 100_000)], 500)).toEqual([[1, 500]])
  expect(chosen([], 500)).toEqual([])
})

test('within a series the oldest goes first, and a later one only when those before are whole', () => {
  const fanOuts = [fanOut(1, 'a', 'x', 300), fanOut(2, 'a', 'x', 100), fanOut(3, 'a', 'x', 1000)]
  expect(chosen(fanOuts, 250)).toEqual([[1, 250]])
  expect(chosen(fanOuts, 500)).toEqual([
    [1, 300],
    [2, 100],
    [3, 100],
  ])
})

test('tenants take turns, then the series of a tenant; who was served longest ago is first', () => {
  const fanOuts = [fanOut(1, 'a', 'x', 1000), fanOut(2, 'a', 'y', 1000), fanOut(3, 'b', 'z', 1000)]
  expect(chosen(fanOuts, 500)).toEqual([[1, 500]])
  expect(chosen(fanOuts, 500, { a: 1, x: 1 })).toEqual([[3, 500]])
  expect(chosen(fanOuts, 500, { a: 1, x: 1, b: 2, z: 2 })).toEqual([[2, 500]])
})

test('what a small fan-out leaves of a turn goes to the next one', () => {
  const fanOuts = [fanOut(1, 'a', 'x', 10), fanOut(2, 'a', 'y', 10), fanOut(3, 'b', 'z', 1000)]
  expect(chosen(fanOuts, 50)).toEqual([
    [1, 10],
    [3, 40],
  ])
  expect(chosen(fanOuts, 50, { b: 1, z: 1 })).toEqual([
    [1, 10],
    [3, 40],
  ])
})
