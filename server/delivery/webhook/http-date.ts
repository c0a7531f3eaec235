const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAY_NAME = '(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\\.?,? *)?'
const MONTH = '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\\.?'
const TIME = '(\\d{1,2}):(\\d\\d)(?::(\\d\\d)(\\.\\d{1,9})?)?'
const ZONE = '(?: ?(gmt|utc?|z|[+-]\\d\\d:?\\d\\d|(?:gmt|utc)[+-]\\d\\d:?\\d\\d))?'

/** `Sun, 06 Nov 1994 08:49:37 GMT` and `Sunday, 06-Nov-94 08:49:37 GMT`. */
const DAY_FIRST = new RegExp(`^${DAY_NAME}(\\d{1,2})[ -]${MONTH}[ -](\\d{4}|\\d\\d),? ${TIME}${ZONE}$`)
/** `Sun Nov  6 08:49:37 1994`, as C's asctime writes it; the command `date` puts a zone before the year. */
const MONTH_FIRST = new RegExp(`^${DAY_NAME}${MONTH} (\\d{1,2}) ${TIME}${ZONE} (\\d{4})(?: (?:gmt|utc))?$`)
/** `1994-11-06T08:49:37Z` (RFC 3339). */
const YEAR_FIRST = new RegExp(`^(\\d{4})-(\\d\\d)-(\\d\\d)[t ]${TIME}${ZONE}$`)

/** No date is longer. */
const MAX_CHARS = 100

interface DateFields {
  readonly year: number
  /** 0 to 11. */
  readonly month: number
  readonly day: number
  readonly clock: readonly [
    hour: string | undefined,
    minute: string | undefined,
    second: string | undefined,
    fraction: string | undefined,
  ]
  readonly zone: string | undefined
}

/**
 * Returns the instant of a date in a header, in ms since 1970. Reads the three forms of RFC 9110 5.6.7, what is almost
 * one of them (case, name of the day, digits of the day, zone as an offset), and RFC 3339. A date without a zone is
 * UTC. Undefined if it is no date, or no day of the calendar. Pure.
 */
export function instantMs(text: string, nowMs: number): number | undefined {
  const fields =
    text.length > MAX_CHARS ? undefined : dateFieldsOf(text.trim().toLowerCase().replaceAll(/\s+/g, ' '), nowMs)
  if (!fields) return undefined
  const { year, month, day, clock, zone } = fields
  const [hour, minute, second = '0'] = clock
  const midnight = new Date(0)
  midnight.setUTCFullYear(year, month, day)
  if (midnight.getUTCMonth() !== month || midnight.getUTCDate() !== day) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined // 60: a leap second
  return midnight.getTime() + timeOfDayMs(clock) - offsetMs(zone)
}

const timeOfDayMs = ([hour, minute, second = '0', fraction = '0']: DateFields['clock']) =>
  ((Number(hour) * 60 + Number(minute)) * 60 + Number(second) + Number(fraction)) * 1000

function dateFieldsOf(text: string, nowMs: number): DateFields | undefined {
  const dayFirst = DAY_FIRST.exec(text)
  if (dayFirst) {
    const [, day, month = '', year = '', hour, minute, second, fraction, zone] = dayFirst
    const clock = [hour, minute, second, fraction] as const
    return {
      year: fullYear(year, { month: MONTHS.indexOf(month), day: Number(day), timeMs: timeOfDayMs(clock), nowMs }),
      month: MONTHS.indexOf(month),
      day: Number(day),
      clock,
      zone,
    }
  }
  const monthFirst = MONTH_FIRST.exec(text)
  if (monthFirst) {
    const [, month = '', day, hour, minute, second, fraction, zone, year] = monthFirst
    return {
      year: Number(year),
      month: MONTHS.indexOf(month),
      day: Number(day),
      clock: [hour, minute, second, fraction],
      zone,
    }
  }
  const yearFirst = YEAR_FIRST.exec(text)
  if (!yearFirst) return undefined
  const [, year, month, day, hour, minute, second, fraction, zone] = yearFirst
  return {
    year: Number(year),
    month: Number(month) - 1,
    day: Number(day),
    clock: [hour, minute, second, fraction],
    zone,
  }
}

/**
 * Completes a year of two digits. RFC 9110 5.6.7: one that appears to be more than 50 years in the future is the most
 * recent year in the past with these digits, so the result lies within 50 years of now.
 */
function fullYear(
  digits: string,
  {
    month,
    day,
    timeMs,
    nowMs,
  }: { readonly month: number; readonly day: number; readonly timeMs: number; readonly nowMs: number },
): number {
  if (digits.length === 4) return Number(digits)
  const year = Math.floor(new Date(nowMs).getUTCFullYear() / 100) * 100 + Number(digits)
  const yearsOff = (years: number) => Date.UTC(year + years, month, day) + timeMs
  if (yearsOff(-50) > nowMs) return year - 100
  return yearsOff(50) <= nowMs ? year + 100 : year
}

function offsetMs(zone = ''): number {
  const [, sign, hours, minutes] = /([+-])(\d\d):?(\d\d)$/.exec(zone) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000
}
