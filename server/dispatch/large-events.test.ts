import { expect, test } from 'vitest'
import { splitLargeEvents, type SlicedRecord } from './large-events.ts'

const record = (position: number, seriesKey: string | null, change: Partial<SlicedRecord> = {}): SlicedRecord => ({
  partition: 0,
  position,
  kind: 'event',
  seriesKey,
  ...change,
})

const split = (records: readonly SlicedRecord[], large: readonly number[] = [], series: readonly string[] = []) => {
  const found = splitLargeEvents(records, { large: new Set(large), series: new Set(series) })
  return { records: found.records.map(({ position }) => position), sliced: [...found.sliced], cut: [...found.cut] }
}

test('without large events and fan-outs nothing is inserted in slices', () => {
  expect(split([record(1, 'a'), record(2, null)])).toEqual({ records: [1, 2], sliced: [], cut: [] })
})

test('a large event takes the later events of its series with it, not the earlier ones, and no other series', () => {
  const records = [record(1, 'a'), record(2, 'a'), record(3, 'b'), record(4, 'a'), record(5, null)]
  expect(split(records, [2])).toEqual({ records: [1, 2, 3, 4, 5], sliced: [2, 4], cut: [] })
  expect(split(records, [5])).toEqual({ records: [1, 2, 3, 4, 5], sliced: [5], cut: [] })
})

test('events of a series that has a fan-out stand behind it; the end of a series is no event', () => {
  const records = [record(1, 'a'), record(2, 'a', { kind: 'end_series' }), record(3, 'b')]
  expect(split(records, [], ['a'])).toEqual({ records: [1, 2, 3], sliced: [1], cut: [] })
})

test('beyond eight the rest of a partition is left out; other partitions go on with what is not in slices', () => {
  const many = Array.from({ length: 9 }, (_, index) => record(index + 1, 'a'))
  const records = [...many, record(10, 'b'), record(11, 'c', { partition: 1 }), record(12, 'a', { partition: 1 })]
  expect(split(records, [], ['a'])).toEqual({
    records: [1, 2, 3, 4, 5, 6, 7, 8, 11],
    sliced: [1, 2, 3, 4, 5, 6, 7, 8],
    cut: [0, 1],
  })
})
