/**
 * What the publisher writes into the data of an event, and the receiver reads out of the notification: the series, the
 * number within it, and the time at which the event should have been sent. All fields have a fixed width, so that the
 * publisher can overwrite them in place.
 */
export interface EventMark {
  readonly series: number
  readonly number: number
  readonly intendedMicros: number
}

const START = Buffer.from('bench:')
/** Digits of a series, wherever it is named. */
export const SERIES_DIGITS = 6
const NUMBER_DIGITS = 9
const MICROS_DIGITS = 15
const NUMBER_AT = START.length + SERIES_DIGITS + 1
const MICROS_AT = NUMBER_AT + NUMBER_DIGITS + 1

/** Placeholder of a mark. */
export const BLANK_MARK = `bench:${'0'.repeat(SERIES_DIGITS)}:${'0'.repeat(NUMBER_DIGITS)}:${'0'.repeat(MICROS_DIGITS)}`

export function writeMark(buffer: Buffer, at: number, { series, number, intendedMicros }: EventMark): void {
  writeDigits(buffer, at + START.length, SERIES_DIGITS, series)
  writeDigits(buffer, at + NUMBER_AT, NUMBER_DIGITS, number)
  writeDigits(buffer, at + MICROS_AT, MICROS_DIGITS, Math.floor(intendedMicros))
}

/** Returns the first mark in this part of the buffer. Throws if there is none. */
export function readMark(buffer: Buffer, from: number): EventMark {
  const at = buffer.indexOf(START, from)
  if (at < 0) throw new Error(`no mark in ${buffer.toString('latin1', from, from + 300)}`)
  return {
    series: readDigits(buffer, at + START.length),
    number: readDigits(buffer, at + NUMBER_AT),
    intendedMicros: readDigits(buffer, at + MICROS_AT),
  }
}

export function writeDigits(buffer: Buffer, at: number, digits: number, value: number): void {
  let rest = value
  for (let index = at + digits - 1; index >= at; index -= 1) {
    const next = Math.floor(rest / 10)
    buffer[index] = 48 + rest - 10 * next
    rest = next
  }
}

/** Returns the number that begins here; 0 if there is none. */
export function readDigits(buffer: Buffer, from: number): number {
  let value = 0
  for (let index = from; ; index += 1) {
    const digit = (buffer[index] ?? 0) - 48
    if (digit < 0 || digit > 9) return value
    value = 10 * value + digit
  }
}
