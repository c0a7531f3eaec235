import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clockOffsetMs, type ClockReading } from './clock-offset.ts'

/** A reading of a clock that is `offset` ahead, made `share` of the way through the round trip. */
const reading = (sentAt: number, roundTrip: number, { offset = 1000, share = 0.5 } = {}): ClockReading => ({
  sentAt,
  answeredAt: sentAt + roundTrip,
  databaseMs: sentAt + roundTrip * share + offset,
})

test('the middle of the shortest round trip counts, at any place', () => {
  const readings = [reading(0, 800, { share: 1 }), reading(2000, 10, { share: 1 }), reading(4000, 300, { share: 0 })]
  expect(clockOffsetMs(readings)).toBe(1005)
})

test('of equally short round trips the newest counts', () => {
  expect(clockOffsetMs([reading(0, 2, { offset: 1000 }), reading(2000, 2, { offset: 1003 })])).toBe(1003)
})

test.each([
  ['ahead', 7_200_000],
  ['back', -7_200_000],
  ['ahead by less than a second', 400],
])('a database clock that was set %s counts at once', (_how, step) => {
  const before = [reading(0, 1), reading(2000, 1)]
  expect(clockOffsetMs([...before, reading(4000, 200, { offset: 1000 + step })])).toBe(1000 + step)
})

test('a result that came seconds late does not contradict better ones', () => {
  expect(clockOffsetMs([reading(0, 2), reading(2000, 7000, { share: 0 })])).toBe(1000)
})

test('the error of the offset is at most half of the shortest round trip', () => {
  const trips = fc.array(
    fc.record({
      roundTrip: fc.double({ min: 0.1, max: 9000, noNaN: true }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  fc.assert(
    fc.property(trips, fc.integer({ min: -1e12, max: 1e12 }), (given, offset) => {
      const readings = given.map(({ roundTrip, share }, index) => reading(index * 10_000, roundTrip, { offset, share }))
      const shortest = Math.min(...given.map(({ roundTrip }) => roundTrip))
      expect(Math.abs(clockOffsetMs(readings) - offset)).toBeLessThanOrEqual(shortest / 2 + 0.01)
    }),
  )
})
