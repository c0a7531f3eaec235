import fc from 'fast-check'
import { expect, test } from 'vitest'
import { retryDelayMs } from './backoff.ts'

const delaysMs = [1000, 5000, 20_000]
const middle = () => 0.5

test('the waits follow the list and its last repeats', () => {
  const waits = [1, 2, 3, 4, 1000].map((attempts) => retryDelayMs({ attempts, delaysMs, random: middle }))
  expect(waits).toEqual([1000, 5000, 20_000, 20_000, 20_000])
})

test('jitter moves a wait by 20 % at most, either way', () => {
  expect(retryDelayMs({ attempts: 2, delaysMs, random: () => 0 })).toBe(4000)
  expect(retryDelayMs({ attempts: 2, delaysMs, random: () => 1 })).toBe(6000)
})

test('Retry-After is obeyed: later than the list when it asks for that, never earlier than asked', () => {
  expect(retryDelayMs({ attempts: 1, delaysMs, retryAfterMs: 30_000, random: () => 0 })).toBe(30_000)
  expect(retryDelayMs({ attempts: 1, delaysMs, retryAfterMs: 30_000, random: () => 1 })).toBe(36_000)
})

test('Retry-After does not shorten the wait of the list', () => {
  expect(retryDelayMs({ attempts: 3, delaysMs, retryAfterMs: 1000, random: middle })).toBe(20_000)
})

test('Retry-After is capped at one hour', () => {
  expect(retryDelayMs({ attempts: 1, delaysMs, retryAfterMs: 86_400_000, random: () => 1 })).toBe(3_600_000)
})

test('whatever is asked, the wait is a whole number between 80 % of the list and one hour', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.option(fc.double({ noNaN: true }), { nil: undefined }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempts, retryAfterMs, random) => {
        const wait = retryDelayMs({ attempts, delaysMs, retryAfterMs, random: () => random })
        expect(Number.isSafeInteger(wait)).toBe(true)
        expect(wait).toBeGreaterThanOrEqual(800)
        expect(wait).toBeLessThanOrEqual(3_600_000)
      },
    ),
  )
})
