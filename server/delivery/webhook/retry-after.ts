import { instantMs } from './http-date.ts'

export interface RetryAfterOptions {
  /** The Date of the response: the receiver's clock. */
  readonly date?: string | undefined
  /** By the database's clock. */
  readonly nowMs: number
}

/** In ms. */
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
}
const LENGTH = /^\+?(\d+(?:\.\d*)?|\.\d+)(?: ?(ms|s|sec|second|m|min|minute|h|hr|hour)s?)?$/
/** A receiver's clock that is further off is ignored. */
const MAX_SKEW_MS = 24 * 60 * 60_000
/** No form needs more. */
const MAX_CHARS = 1000

/**
 * Returns the wait that Retry-After asks for, in whole ms, rounded up, at least 0. It may be of any length: back-off
 * caps it at 1 h (backoff.ts). Several lines, or several numbers in one line, mean that the header was set twice: the
 * first that can be read counts. Undefined if none can.
 *
 * | form                                                  | example                                                 |
 * |-------------------------------------------------------|---------------------------------------------------------|
 * | delta-seconds (RFC 9110 10.2.3)                       | `120`                                                   |
 * | HTTP-date, all three forms (RFC 9110 5.6.7)           | `Sun, 06 Nov 1994 08:49:37 GMT`                         |
 * | not valid, but clear: fraction, unit, quotes          | `1.5`, `90s`, `2 minutes`, `"120"`                      |
 * | date in a looser form, or in ISO 8601                 | `6 Nov 1994 08:49:37 +0000`, `1994-11-06T08:49:37Z`     |
 *
 * A date is compared with the receiver's Date, so that its clock may differ from ours by up to a day.
 */
export function retryAfterMs(lines: readonly string[], { date, nowMs }: RetryAfterOptions): number | undefined {
  for (const line of lines) {
    if (line.length > MAX_CHARS) continue
    const asked = lengthMs(line) ?? untilMs(line, { date, nowMs })
    if (asked !== undefined) return asked
  }
  return undefined
}

function lengthMs(line: string): number | undefined {
  for (const part of line.split(',')) {
    const [, number, unit = 's'] = LENGTH.exec(unquoted(part).toLowerCase()) ?? []
    if (number !== undefined) return Math.ceil(Number(number) * (UNITS[unit] ?? 1000))
  }
  return undefined
}

function untilMs(
  line: string,
  { date, nowMs }: { readonly date: string | undefined; readonly nowMs: number },
): number | undefined {
  const atMs = instantMs(unquoted(line), nowMs)
  return atMs === undefined ? undefined : Math.max(Math.ceil(atMs - clockMs(date, nowMs)), 0)
}

/** Returns the time by the receiver's clock, as far as it is known. */
function clockMs(date: string | undefined, nowMs: number): number {
  const theirsMs = date === undefined ? undefined : instantMs(date, nowMs)
  return theirsMs === undefined || Math.abs(theirsMs - nowMs) > MAX_SKEW_MS ? nowMs : theirsMs
}

const unquoted = (text: string) =>
  text
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .trim()
