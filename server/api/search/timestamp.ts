/**
 * The last microsecond at or before an instant and the first at or after it: the same one unless there are digits 7 to
 * 9.
 */
export interface Instant {
  readonly atOrBefore: string
  readonly atOrAfter: string
}

/** `yyyy` to `yyyy-MM-ddTHH:mm:ss.fffffffff`, and a zone after any of them. */
const FORM = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?)?)?(Z|[+-]\d\d:\d\d)?$/
const MAX_ZONE_MINUTES = 18 * 60
const MICROSECONDS = 1_000_000

/**
 * Reads a timestamp (protocol 4.2): missing parts are the earliest, without a zone it is UTC. Returns undefined for
 * anything else, such as 31 February. PostgreSQL reads the returned texts as timestamptz of exactly that microsecond.
 */
export function parseTimestamp(text: string): Instant | undefined {
  const parts = FORM.exec(text)
  if (!parts) return undefined
  const [, year, month = '01', day = '01', hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = parts
  const midnight = midnightOf(Number(year), Number(month), Number(day))
  const zoneMinutes = zoneMinutesOf(zone)
  if (midnight === undefined || zoneMinutes === undefined) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined

  const seconds = midnight + (Number(hour) * 60 + Number(minute) - zoneMinutes) * 60 + Number(second)
  const nanoseconds = Number(fraction.padEnd(9, '0'))
  return {
    atOrBefore: formatMicroseconds(seconds, Math.floor(nanoseconds / 1000)),
    atOrAfter: formatMicroseconds(seconds, Math.ceil(nanoseconds / 1000)),
  }
}

/** Returns seconds since 1970; undefined when the calendar has no such day. */
function midnightOf(year: number, month: number, day: number): number | undefined {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day) // Date.UTC would read the years 0 to 99 as 1900 to 1999
  const isReal = year >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return isReal ? date.getTime() / 1000 : undefined
}

function zoneMinutesOf(zone: string): number | undefined {
  if (zone === 'Z') return 0
  const [hours = NaN, minutes = NaN] = zone.slice(1).split(':').map(Number)
  const size = hours * 60 + minutes
  if (minutes > 59 || size > MAX_ZONE_MINUTES) return undefined
  return zone.startsWith('-') ? -size : size
}

/**
 * Returns a text in UTC with six digits. A zone can lead into the years 0 and 10000, which PostgreSQL calls 1 BC and
 * 10000.
 */
function formatMicroseconds(seconds: number, microseconds: number): string {
  const whole = new Date((seconds + Math.floor(microseconds / MICROSECONDS)) * 1000)
    .toISOString()
    .slice(0, -'.000Z'.length)
  const text = `${whole}.${String(microseconds % MICROSECONDS).padStart(6, '0')}Z`
  if (text.startsWith('0000-')) return `${text.replace('0000-', '0001-')} BC`
  return text.replace('+010000-', '10000-')
}
