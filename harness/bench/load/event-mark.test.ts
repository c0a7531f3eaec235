import { expect, test } from 'vitest'
import { BLANK_MARK, readMark, writeMark } from './event-mark.ts'

test('what is written into a body is read out of it', () => {
  const body = Buffer.from(`{"data":"${BLANK_MARK} and more"}`)
  const mark = { series: 999, number: 12_345, intendedMicros: 123_456_789_012 }
  writeMark(body, body.indexOf(BLANK_MARK), mark)
  expect(body.toString()).toBe('{"data":"bench:000999:000012345:000123456789012 and more"}')
  expect(readMark(body, 0)).toEqual(mark)
})

test('fractions of a microsecond are dropped', () => {
  const body = Buffer.from(BLANK_MARK)
  writeMark(body, 0, { series: 0, number: 1, intendedMicros: 7.9 })
  expect(readMark(body, 0).intendedMicros).toBe(7)
})

test('a body without a mark is an error', () => {
  expect(() => readMark(Buffer.from('{}'), 0)).toThrow('no mark in {}')
})
