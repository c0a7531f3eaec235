import fc from 'fast-check'
import { expect, test } from 'vitest'
import { instantMs } from './http-date.ts'
import { retryAfterMs } from './retry-after.ts'

const nowMs = Date.parse('2026-03-01T12:00:00Z')
const asked = (line: string) => retryAfterMs([line], { nowMs })

test.each([
  ['0', 0],
  ['120', 120_000],
  [' 7 ', 7000],
  ['007', 7000],
  ['+5', 5000],
  ['9'.repeat(400), Infinity],
  // Fractions and units are in no RFC, but clear.
  ['600.5', 600_500],
  ['1.0001', 1001],
  ['.25', 250],
  ['3.', 3000],
  ['600s', 600_000],
  ['1500 ms', 1500],
  ['10 Minutes', 600_000],
  ['1h', 3_600_000],
  ['"120"', 120_000],
  ["'2 sec'", 2000],
  ['5, 6', 5000],
  ['soon, 6', 6000],
  // The three forms of an HTTP-date.
  ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
  ['Sunday, 01-Mar-26 12:00:30 GMT', 30_000],
  ['Sun Mar  1 12:00:30 2026', 30_000],
  // Almost them.
  ['sun, 01 mar 2026 12:00:30 gmt', 30_000],
  ['Sun, 1 Mar 2026 12:00:30 GMT', 30_000],
  ['Mon, 01 Mar 2026 12:00:30 GMT', 30_000],
  ['01 March 2026 12:00:30 UTC', 30_000],
  ['Sun, 01 Mar 2026 12:00:30', 30_000],
  ['Sun, 01 Mar 2026 12:01 GMT', 60_000],
  ['Sun, 01 Mar 2026 12:00:30 +0000', 30_000],
  ['Sun, 01 Mar 2026 07:00:30 -0500', 30_000],
  ['Sun, 01 Mar 2026 13:00:30 GMT+0100', 30_000],
  ['Sunday, 01-Mar-2026 12:00:30 GMT', 30_000],
  ['Sun, 01-Mar-26 12:00:30 GMT', 30_000],
  ['Sun Mar 1 12:00:30 2026', 30_000],
  ['Sun Mar  1 12:00:30 UTC 2026', 30_000],
  ['"Sun, 01 Mar 2026 12:00:30 GMT"', 30_000],
  ['2026-03-01T12:00:30Z', 30_000],
  ['2026-03-01T12:00:30.25Z', 30_250],
  ['2026-03-01 13:00:30+01:00', 30_000],
  ['Sun, 01 Mar 2026 12:00:60 GMT', 60_000],
  // What has passed asks for no wait.
  ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
  ['Fri, 31 Dec 9999 23:59:59 GMT', Date.parse('9999-12-31T23:59:59Z') - nowMs],
])('Retry-After: %s asks for %d ms', (line, ms) => {
  expect(asked(line)).toBe(ms)
})

test.each([
  '',
  ' ',
  '-1',
  '-1.5',
  '1e3',
  '1.2.3',
  '1 fortnight',
  'soon',
  '0x10',
  'NaN',
  'Infinity',
  '2026-03-01',
  '12:00:30',
  'Sun',
  '""',
  'Sun, 99 Foo 2026 99:99:99 GMT',
  'Sun, 30 Feb 2026 12:00:00 GMT',
  'Sun, 01 Mar 2026 24:00:00 GMT',
  'Sun, 01 Mar 2026 12:60:00 GMT',
  'Sun, 01 Mar 26 12:00:00 XYZ',
  '2026-13-01T00:00:00Z',
  '2026-00-01T00:00:00Z',
])('Retry-After: %j asks for nothing', (line) => {
  expect(asked(line)).toBeUndefined()
})

test('of several lines the first readable one counts', () => {
  expect(retryAfterMs(['soon', '3', '9'], { nowMs })).toBe(3000)
  expect(retryAfterMs([], { nowMs })).toBeUndefined()
})

test('a date is compared with the clock of the receiver, unless that is a day off', () => {
  const at = (clock: string) => retryAfterMs(['Sun, 01 Mar 2026 14:10:00 GMT'], { nowMs, date: clock })
  expect(at('Sun, 01 Mar 2026 14:00:00 GMT')).toBe(600_000)
  expect(at('Sun Mar  1 14:00:00 2026')).toBe(600_000)
  expect(at('Thu, 01 Jan 1970 00:00:00 GMT')).toBe(7_800_000)
  expect(at('yesterday')).toBe(7_800_000)
  expect(retryAfterMs(['600'], { nowMs, date: 'Sun, 01 Mar 2026 14:00:00 GMT' })).toBe(600_000)
})

const instants = fc
  .integer({ min: Date.UTC(1980, 0, 1) / 1000, max: Date.UTC(2070, 0, 1) / 1000 })
  .map((seconds) => new Date(seconds * 1000))

test('every form of a date names the same instant', () => {
  fc.assert(
    fc.property(instants, (at) => {
      const [weekday = '', day = '', month = '', year = '', time = ''] = at.toUTCString().replace(',', '').split(' ')
      const longWeekday = at.toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' })
      const forms = [
        at.toUTCString(),
        `${longWeekday}, ${day}-${month}-${year.slice(2)} ${time} GMT`,
        `${weekday} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`,
        at.toUTCString().toUpperCase(),
        `${Number(day)} ${month} ${year} ${time} +0000`,
        at.toISOString(),
      ]
      for (const form of forms) expect(instantMs(form, nowMs), form).toBe(at.getTime())
    }),
  )
})

test('two digits of a year are never more than 50 years ahead, and never a century too early', () => {
  fc.assert(
    fc.property(instants, fc.integer({ min: 0, max: 99 }), (now, digits) => {
      const at = instantMs(`Saturday, 15-Jun-${String(digits).padStart(2, '0')} 12:00:00 GMT`, now.getTime()) ?? NaN
      const [ahead, behind] = [new Date(now), new Date(now)]
      ahead.setUTCFullYear(ahead.getUTCFullYear() + 50)
      behind.setUTCFullYear(behind.getUTCFullYear() - 50)
      expect(at).toBeLessThanOrEqual(ahead.getTime())
      expect(at).toBeGreaterThan(behind.getTime() - 24 * 60 * 60_000)
    }),
  )
})

test('whatever the header contains, the wait is undefined or a number of 0 or more', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.string({
      unit: fc.constantFrom('0', '1', '9', '.', ',', ':', '-', '+', ' ', '"', 's', 'm', 'h', 'Mar', 'Sun', 'GMT', 'Z'),
    }),
    fc.date({ noInvalidDate: true }).map(String),
  )
  fc.assert(
    fc.property(fc.array(texts, { maxLength: 3 }), texts, (lines, date) => {
      const ms = retryAfterMs(lines, { date, nowMs })
      expect(ms === undefined || ms >= 0).toBe(true)
    }),
  )
})

test('a hostile header costs little time', () => {
  const startedAt = performance.now()
  for (const line of [
    ' '.repeat(60_000),
    '1'.repeat(60_000),
    'Sun, '.repeat(12_000),
    '"'.repeat(60_000),
    '1,'.repeat(30_000),
  ])
    retryAfterMs([line], { date: line, nowMs })
  expect(performance.now() - startedAt).toBeLessThan(1000)
})
