import { expect, test } from 'vitest'
import { nextEvent, nextEventContext, seriesContext, seriesOf, type Sequence } from './sequence.ts'

const U = '0b4a4f0e-6f2c-4f0c-8a53-5d1d7a3c9f11'
const NOW = new Date(0)
const sequence = (changes: Partial<Sequence> = {}): Sequence => ({
  id: 1,
  tenant: 'dev',
  owner: 'jdoe',
  name: U,
  startCount: 3,
  endsSeries: true,
  published: 0,
  ...changes,
})

test('the first event is the begin event, in the series named like the subscription', () => {
  expect(nextEvent(sequence(), NOW)).toEqual({
    source: 'notifications',
    type: 'notifications.test.begin',
    subject: U,
    data: null,
    seriesId: U,
    timestamp: '1970-01-01T00:00:00.000Z',
    endSeries: false,
  })
  expect(seriesOf(sequence())).toEqual({ source: 'notifications', subject: U, seriesId: U })
})

test('the others carry their number, in three digits or more', () => {
  const typeAfter = (published: number) => nextEvent(sequence({ published, startCount: 1000 }), NOW).type
  expect([1, 2, 98, 99, 999].map(typeAfter)).toEqual(
    ['002', '003', '099', '100', '1000'].map((number) => `notifications.test.number${number}`),
  )
})

test('only the last one ends the series, and only if that was asked for', () => {
  const ends = (changes: Partial<Sequence>) => nextEvent(sequence(changes), NOW).endSeries
  expect([ends({}), ends({ published: 1 }), ends({ published: 2 })]).toEqual([false, false, true])
  expect(ends({ published: 2, endsSeries: false })).toBe(false)
  expect(ends({ startCount: 1 })).toBe(true)
})

test('each event has a key of its own, the end of the series has none', () => {
  const keys = [sequence(), sequence({ published: 1 }), sequence({ name: 'other' })].map(
    (one) => nextEventContext(one).idempotencyKey,
  )
  expect(new Set(keys).size).toBe(3)
  expect(seriesContext(sequence()).idempotencyKey).toBeUndefined()
})
