import { expect, test } from 'vitest'
import { numberRecords, type NumberedRecord } from './number.ts'

let position = 0

const record = (fields: Partial<NumberedRecord> = {}): NumberedRecord => ({
  position: (position += 1),
  kind: 'event',
  seriesKey: 'a',
  endsSeries: false,
  deletesSubscriptions: false,
  ...fields,
})

const endOfSeries = (seriesKey = 'a') => record({ kind: 'end_series', seriesKey, endsSeries: true })

/** The numbers in the order of the records; undefined for a control record. */
function numbersOf(
  records: readonly NumberedRecord[],
  last: ReadonlyMap<string, number> = new Map(),
): (number | undefined)[] {
  const { numbers } = numberRecords(records, last)
  return records.map((one) => numbers.get(one.position))
}

test('events of a series count from 1, or on from the counter before the batch', () => {
  expect(numbersOf([record(), record(), record()])).toEqual([1, 2, 3])
  expect(numbersOf([record(), record()], new Map([['a', 41]]))).toEqual([42, 43])
})

test('series count apart, and an event outside a series has -1 and no counter', () => {
  const records = [
    record(),
    record({ seriesKey: 'b' }),
    record({ seriesKey: null }),
    record(),
    record({ seriesKey: 'b' }),
  ]
  expect(numbersOf(records, new Map([['b', 7]]))).toEqual([1, 8, -1, 2, 9])
  expect(numberRecords(records, new Map()).counters).toEqual(
    new Map([
      ['a', 2],
      ['b', 2],
    ]),
  )
})

test.each([
  ['endSeries', record({ endsSeries: true })],
  ['deleteSubscriptionsMatchingSubject', record({ deletesSubscriptions: true })],
])('an event with %s takes its number, then the count begins again', (_flag, last) => {
  expect(numbersOf([record(), last, record(), record()], new Map([['a', 4]]))).toEqual([5, 6, 1, 2])
})

test('an end of a series takes no number, and ends the count also of a series that the batch has not touched', () => {
  expect(numbersOf([endOfSeries(), record()], new Map([['a', 9]]))).toEqual([undefined, 1])
})

test('several resets in one batch each begin the count again', () => {
  expect(
    numbersOf([
      record(),
      endOfSeries(),
      endOfSeries(),
      record(),
      record({ endsSeries: true }),
      record({ endsSeries: true }),
      record(),
    ]),
  ).toEqual([1, undefined, undefined, 1, 2, 1, 1])
})

test('the counter of a series goes when its last record ends it, and stays when an event follows', () => {
  expect(numberRecords([record(), endOfSeries()], new Map()).counters).toEqual(new Map([['a', null]]))
  expect(numberRecords([endOfSeries(), record()], new Map([['a', 3]])).counters).toEqual(new Map([['a', 1]]))
})

test('flags of an event outside a series end no series', () => {
  const { numbers, counters } = numberRecords(
    [record({ seriesKey: null, deletesSubscriptions: true, endsSeries: true })],
    new Map([['a', 3]]),
  )
  expect([...numbers.values()]).toEqual([-1])
  expect(counters.size).toBe(0)
})
