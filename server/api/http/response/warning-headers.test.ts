import { expect, test } from 'vitest'
import { warningHeaders } from './warning-headers.ts'

test('without a warning there is no header', () => {
  expect(warningHeaders()).toEqual({})
  expect(warningHeaders([])).toEqual({})
})

test('each warning is a value of the header, bounded in number and length, without what a header cannot hold', () => {
  expect(warningHeaders(['first', 'a\r\nb: é'])).toEqual({ 'tidings-warning': ['first', 'a??b: ?'] })
  const { 'tidings-warning': values } = warningHeaders(Array.from({ length: 50 }, () => 'x'.repeat(1000)))
  expect(values).toHaveLength(10)
  expect(values?.every((value) => value.length === 300)).toBe(true)
})
