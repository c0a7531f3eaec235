import { instantMs } from './http-date.ts'

export interface RetryAfterOptions {
  /** The answer's own Date: what the receiver's clock said. */
  readonly date?: string | undefined
  /** Of the database's clock. */
  readonly nowMs: number
}

/** In ms. One letter is enough where it is clear. */
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, sec: 1000, second: 1000, m: 60_000, min: 60_000, minute: 60_000, h: 3_600_000, hr: 3_600_000, hour: 3_600_000 }
const LENGTH = /^\+?(\d+(?:\.\d*)?|\.\d+)(?: ?(ms|s|sec|second|m|min|minute|h|hr|hour)s?)?$/
/** A receiver's clock that is further off than this is not believed. */
const MAX_SKEW_MS = 24 * 60 * 60_000
/** More than any form needs. */
const MAX_CHARS = 1000

/**
 * The wait that Retry-After asks for, in whole ms rounded up, 0 or more, however long: back-off limits it. Several lines, or
 * several numbers in one, are a header that was set twice: the first that says something counts. Undefined when none does.
 *
 * | form                                                  | example                                                 |
 * |-------------------------------------------------------|---------------------------------------------------------|
 * | delta-seconds (RFC 9110 10.2.3)                       | `120`                                                   |
 * | HTTP-date, all three forms (RFC 9110 5.6.7)           | `Sun, 06 Nov 1994 08:49:37 GMT`                         |
 * | no valid form, but clear: fraction, unit, quotes      | `1.5`, `90s`, `2 minutes`, `"120"`                      |
 * | date in a looser form, or of ISO 8601                 | `6 Nov 1994 08:49:37 +0000`, `1994-11-06T08:49:37Z`     |
 *
 * A date is counted from the receiver's Date, so that its clock may differ from ours by up to a day.
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

function untilMs(line: string, { date, nowMs }: { readonly date: string | undefined; readonly nowMs: number }): number | undefined {
  const atMs = instantMs(unquoted(line), nowMs)
  return atMs === undefined ? undefined : Math.max(Math.ceil(atMs - clockMs(date, nowMs)), 0)
}

/** What the receiver's clock says now, as far as we know. */
function clockMs(date: string | undefined, nowMs: number): number {
  const theirsMs = date === undefined ? undefined : instantMs(date, nowMs)
  return theirsMs === undefined || Math.abs(theirsMs - nowMs) > MAX_SKEW_MS ? nowMs : theirsMs
}

const unquoted = (text: string) => text.trim().replace(/^(["'])(.*)\1$/, '$2').trim()
