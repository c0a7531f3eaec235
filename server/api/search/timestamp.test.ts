import fc from 'fast-check'
import { expect, test } from 'vitest'
import { holds, ORDER_OPERATORS } from '@tidings/test/support/order-comparison.ts'
import { anyText } from '@tidings/test/support/search-conditions.ts'
import { exactComparison } from './exact-comparison.ts'
import { parseTimestamp, type Instant } from './timestamp.ts'

/** For thousands of cases, on a machine that has other work. */
const SLOW_MS = 60_000

const instant = (text: string): string | undefined => {
  const parsed = parseTimestamp(text)
  return parsed?.atOrBefore === parsed?.atOrAfter ? parsed?.atOrBefore : `${parsed?.atOrBefore} ${parsed?.atOrAfter}`
}

test.each([
  ['2200', '2200-01-01T00:00:00.000000Z'],
  ['2200Z', '2200-01-01T00:00:00.000000Z'],
  ['2200-06:00', '2200-01-01T06:00:00.000000Z'],
  ['2200-04', '2200-04-01T00:00:00.000000Z'],
  ['2200-04+03:00', '2200-03-31T21:00:00.000000Z'],
  ['2200-04-29', '2200-04-29T00:00:00.000000Z'],
  ['2200-04-29-06:00', '2200-04-29T06:00:00.000000Z'],
  ['2200-04-29T14', '2200-04-29T14:00:00.000000Z'],
  ['2200-04-29T14-06:00', '2200-04-29T20:00:00.000000Z'],
  ['2200-04-29T14:15', '2200-04-29T14:15:00.000000Z'],
  ['2200-04-29T14:15+01:00', '2200-04-29T13:15:00.000000Z'],
  ['2200-04-29T14:15:52', '2200-04-29T14:15:52.000000Z'],
  ['2200-04-29T14:15:52+05:30', '2200-04-29T08:45:52.000000Z'],
  ['2200-04-29T14:15:52.1', '2200-04-29T14:15:52.100000Z'],
  ['2200-04-29T14:15:52.020Z', '2200-04-29T14:15:52.020000Z'],
  ['2200-04-29T14:15:52.000005', '2200-04-29T14:15:52.000005Z'],
  ['2200-04-29T14:15:52.123-01:00', '2200-04-29T15:15:52.123000Z'],
  ['1800-01-01T00:00:00.123456-00:00', '1800-01-01T00:00:00.123456Z'],
  ['2200-04-29T14:15:52.123456000', '2200-04-29T14:15:52.123456Z'],
  ['2200-12-31T23:59:59.999999001', '2200-12-31T23:59:59.999999Z 2201-01-01T00:00:00.000000Z'],
  ['2000-02-29', '2000-02-29T00:00:00.000000Z'],
  ['0001', '0001-01-01T00:00:00.000000Z'],
  ['0001-01-01T00:30+01:00', '0001-12-31T23:30:00.000000Z BC'],
  ['9999-12-31T23:59:59-00:01', '10000-01-01T00:00:59.000000Z'],
  ['2200-01-01T00:00+18:00', '2199-12-31T06:00:00.000000Z'],
])('%s is %s', (text, expected) => {
  expect(instant(text)).toBe(expected)
})

test.each([
  '',
  ' ',
  '1',
  '12',
  '123',
  '123Z',
  '0000',
  '22001',
  '22001-04-04T14:15:00',
  '00-04-04T14:15:00',
  '2200-4',
  '2200-04-1',
  '2200-00-29T14:15:00',
  '2200-13-29T14:15:00',
  '2200-04-00T14:15:00',
  '2200-04-32T14:15:00',
  '2200-02-31',
  '2100-02-29',
  '2200-04-31',
  '2200-04-04T25:15:00',
  '2200-04-04T24',
  '2200-04-04T14:61:00',
  '2200-04-04T14:60',
  '2200-04-04T14:15:61',
  '2200-04-04T14:15:60',
  '2200-04-29T14,15:52.123-01:00Z',
  '2200-04-29T14:15:523.123Z',
  '2200-04-29T14:156:52.123',
  '2200-04-29T14:15:52+005:30',
  '2200-04-29T14:15:52+05:300',
  '2200-04-29T14:15:52z05:30',
  '2200-04-29X14:15:52Z',
  '2200-04-291T14:15:52',
  '2200-04-29 14:15:52',
  '2200-04-29T14:15:52.',
  '2200-04-29T14:15:52.1234567890',
  '2200-04-29T14:15.5',
  '2200-04-29T14:15:52+0530',
  '2200-04-29T14:15:52+05',
  '2200-04-29T14:15:52+18:01',
  '2200-04-29T14:15:52+05:60',
  '2200-04-29T14:15:52 05:30',
  ' 2200',
  '2200\n',
  '+2200',
  '٢٢٠٠',
  'now',
  'infinity',
])('%j is not a timestamp', (text) => {
  expect(parseTimestamp(text)).toBeUndefined()
})

test(
  'a comparison with nanoseconds selects the microseconds that the exact instant would',
  () => {
    const parsed = (nanoseconds: number): Instant =>
      parseTimestamp(`2200-01-01T00:00:00.${String(nanoseconds).padStart(9, '0')}`) ?? { atOrBefore: '', atOrAfter: '' }
    const nanosecondsOf = (text: string) => BigInt(text.slice(20, 26)) * 1000n
    const near = fc.nat({ max: 4000 })
    const operators = fc.constantFrom(...ORDER_OPERATORS)
    fc.assert(
      fc.property(operators, near, near, fc.nat({ max: 5 }), (operator, first, second, microsecond) => {
        const exact = exactComparison(
          operator,
          operator.endsWith('between') ? [parsed(first), parsed(second)] : [parsed(first)],
        )
        const column = BigInt(microsecond) * 1000n
        const [low = 0n, high = 0n] = exact.values.map((value) => nanosecondsOf(String(value)))
        expect(holds(exact.operator, column, low, high)).toBe(holds(operator, column, BigInt(first), BigInt(second)))
      }),
      { numRuns: 5000 },
    )
  },
  SLOW_MS,
)

test(
  'every existing date is read as itself, in any zone',
  () => {
    const dates = fc.date({
      min: new Date('0002-01-01T00:00:00Z'),
      max: new Date('9998-12-31T00:00:00Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(dates, fc.integer({ min: -18 * 60, max: 18 * 60 }), (date, zoneMinutes) => {
        const local = new Date(date.getTime() + zoneMinutes * 60_000).toISOString().slice(0, -1)
        const size = Math.abs(zoneMinutes)
        const [hours, minutes] = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, '0'))
        const zone = `${zoneMinutes < 0 ? '-' : '+'}${hours}:${minutes}`
        expect(instant(local + zone)).toBe(date.toISOString().replace('Z', '000Z'))
      }),
      { numRuns: 2000 },
    )
  },
  SLOW_MS,
)

test(
  'no text makes it throw',
  () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.stringMatching(/^[0-9:+.TZ-]*$/)), (text) => {
        parseTimestamp(text)
      }),
      { numRuns: 3000 },
    )
  },
  SLOW_MS,
)
