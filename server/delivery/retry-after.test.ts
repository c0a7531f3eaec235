import { expect, test } from 'vitest'
import { retryAfterMs } from './retry-after.ts'

const now = Date.parse('2026-03-01T12:00:00Z')

test.each([
  ['0', 0],
  ['120', 120_000],
  [' 7 ', 7000],
  ['9'.repeat(400), Infinity],
  ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
  ['Sunday, 01-Mar-26 12:00:30 GMT', 30_000],
  ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
  ['Fri, 31 Dec 9999 23:59:59 GMT', Date.parse('9999-12-31T23:59:59Z') - now],
])('Retry-After: %s asks for %d ms', (header, ms) => {
  expect(retryAfterMs(header, now)).toBe(ms)
})

test.each(['', '-1', '1.5', '1e3', '+5', 'soon', '0x10', '2026-03-01', 'NaN', 'Infinity', '5, 6', 'Sun, 99 Foo 2026 99:99:99 GMT'])('Retry-After: %j asks for nothing', (header) => {
  expect(retryAfterMs(header, now)).toBeUndefined()
})
