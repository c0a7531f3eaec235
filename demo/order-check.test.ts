import { expect, test } from 'vitest'
import { checkOrder, type Arrival, type PublishedEvent } from './order-check.ts'

const published = (count: number, series = 'job'): PublishedEvent[] =>
  Array.from({ length: count }, (_, index) => ({ eventUuid: `${series}-${index + 1}`, series, number: index + 1 }))
const arrival = (
  number: number,
  { series = 'job', ...rest }: Partial<Arrival> & { series?: string } = {},
): Arrival => ({
  notificationUuid: `n-${series}-${number}`,
  eventUuid: `${series}-${number}`,
  number,
  isAccepted: true,
  ...rest,
})
const rejected = (number: number) => arrival(number, { isAccepted: false })

function summary(events: readonly PublishedEvent[], arrivals: readonly Arrival[]) {
  const { delivered, lost, outOfOrder, duplicates, unexplained } = checkOrder(events, arrivals)
  return {
    delivered,
    lost: lost.map((event) => event.number),
    outOfOrder: outOfOrder.map((one) => one.number),
    duplicates: duplicates.map((one) => one.number),
    unexplained: unexplained.length,
  }
}

const FINE = { delivered: 4, lost: [], outOfOrder: [], duplicates: [], unexplained: 0 }

test('everything once and in order is fine', () => {
  expect(
    summary(
      published(4),
      [1, 2, 3, 4].map((n) => arrival(n)),
    ),
  ).toEqual(FINE)
})

test('series do not wait for each other', () => {
  const events = [...published(2, 'a'), ...published(2, 'b')]
  const arrivals = [
    arrival(1, { series: 'b' }),
    arrival(2, { series: 'b' }),
    arrival(1, { series: 'a' }),
    arrival(2, { series: 'a' }),
  ]
  expect(summary(events, arrivals)).toEqual(FINE)
})

test('rejected attempts before the accepted one are fine', () => {
  expect(summary(published(4), [arrival(1), rejected(2), rejected(2), arrival(2), arrival(3), arrival(4)])).toEqual(
    FINE,
  )
})

test('nothing arrived: everything is lost', () => {
  expect(summary(published(4), [])).toEqual({ ...FINE, delivered: 0, lost: [1, 2, 3, 4] })
})

test('a last event that never came is lost', () => {
  expect(summary(published(4), [arrival(1), arrival(2), arrival(3)])).toEqual({ ...FINE, delivered: 3, lost: [4] })
})

test('an event that was only rejected is lost', () => {
  expect(summary(published(4), [arrival(1), arrival(2), arrival(3), rejected(4)])).toEqual({
    ...FINE,
    delivered: 3,
    lost: [4],
  })
})

test('a gap is a loss, and what followed it was out of order', () => {
  expect(summary(published(4), [arrival(1), arrival(2), arrival(4)])).toEqual({
    ...FINE,
    delivered: 3,
    lost: [3],
    outOfOrder: [4],
  })
})

test('two swapped events are both out of order', () => {
  expect(summary(published(4), [arrival(1), arrival(3), arrival(2), arrival(4)])).toEqual({
    ...FINE,
    outOfOrder: [3, 2],
  })
})

test('an attempt before its predecessor was accepted is out of order, even if it was rejected', () => {
  expect(summary(published(4), [arrival(1), rejected(2), rejected(3), arrival(2), arrival(3), arrival(4)])).toEqual({
    ...FINE,
    outOfOrder: [3, 2],
  })
})

test('a duplicate right after the original is only a duplicate', () => {
  expect(summary(published(4), [arrival(1), arrival(2), arrival(2), arrival(3), arrival(4)])).toEqual({
    ...FINE,
    duplicates: [2],
  })
})

test('a duplicate after a later one is also out of order', () => {
  expect(summary(published(4), [arrival(1), arrival(2), arrival(3), arrival(2), arrival(4)])).toEqual({
    ...FINE,
    duplicates: [2],
    outOfOrder: [2],
  })
})

test("a number that is not the publisher's is out of order", () => {
  expect(summary(published(1), [arrival(1, { number: 2 })])).toEqual({ ...FINE, delivered: 1, outOfOrder: [2] })
})

test('an event that nobody published is unexplained', () => {
  expect(
    summary(
      published(4),
      [1, 2, 3, 4, 5].map((n) => arrival(n)),
    ),
  ).toEqual({ ...FINE, unexplained: 1 })
})

test('a second notification of one event is unexplained, not a duplicate', () => {
  expect(
    summary(published(4), [...[1, 2, 3, 4].map((n) => arrival(n)), arrival(4, { notificationUuid: 'another' })]),
  ).toEqual({ ...FINE, unexplained: 1 })
})
