import { expect, test } from 'vitest'
import { eventText, instantText, quoted, withSeqCount, type EventFields } from './event-text.ts'

const plain: EventFields = {
  source: 'https://tapis.io/jobs',
  type: 'jobs.JOB_NEW_STATUS.RUNNING',
  subject: 's',
  data: 'd',
  seriesId: 'i',
  timestamp: '2024-03-15T15:11:23.947827477Z',
  deleteSubscriptionsMatchingSubject: false,
  endSeries: true,
  tenant: 'dev',
  user: 'jobs',
  received: '2024-03-15T15:11:23.951Z',
  uuid: '1d16202d-2248-4690-bcc9-a0134a4089cd',
}

const printed = (fields: Partial<EventFields>, number: number | string = 1) => {
  const { text, seqOffset } = eventText({ ...plain, ...fields })
  return withSeqCount(text, seqOffset, number)
}

test('an event is printed as an indented JSON printer would print it at its place in a notification', () => {
  const members = {
    source: plain.source,
    type: plain.type,
    subject: 's',
    data: 'd',
    seriesId: 'i',
    seriesSeqCount: 6,
    timestamp: plain.timestamp,
    deleteSubscriptionsMatchingSubject: false,
    endSeries: true,
    tenant: 'dev',
    user: 'jobs',
    received: plain.received,
    uuid: plain.uuid,
  }
  const nested = JSON.stringify({ event: members }, null, 2)
  expect(printed({}, 6)).toBe(nested.slice('{\n  "event": '.length, -'\n}'.length))
})

test('absent subject, data and seriesId are printed as null', () => {
  const event: unknown = JSON.parse(printed({ subject: null, data: null, seriesId: null }, -1))
  expect(event).toMatchObject({ subject: null, data: null, seriesId: null, seriesSeqCount: -1 })
})

test.each([
  ['quotes and backslashes', 'say "hi" \\ there', '"say \\"hi\\" \\\\ there"'],
  ['control characters', '\b\t\n\f\r\u0001\u001f', '"\\b\\t\\n\\f\\r\\u0001\\u001f"'],
  ['NUL', 'a\u0000b', '"a\\u0000b"'],
  ['a lone surrogate', 'a\ud800b\udc00', '"a\\ud800b\\udc00"'],
  ['an emoji and a DEL, which stay as they are', '\u{1f600}\u007f', '"\u{1f600}\u007f"'],
  ['the two line separators of JavaScript', 'a\u2028b\u2029c', '"a\\u2028b\\u2029c"'],
  ['HTML, which is not escaped', "<a href='x'>&=", '"<a href=\'x\'>&="'],
])('a text with %s is quoted as Gson does', (_what, text, json) => {
  expect(quoted(text)).toBe(json)
  expect(JSON.parse(json)).toBe(text)
})

test('the number is put in its place after texts of any length and script', () => {
  const data = '\u{1f600}"\\\u2028\ud800'.repeat(100_000)
  const event: unknown = JSON.parse(
    printed({ data, source: '\u{1f600}' }, '9007199254740993').replace('9007199254740993', '"big"'),
  )
  expect(event).toMatchObject({ data, seriesSeqCount: 'big' })
})

test('one MiB of data is kept', () => {
  const data = 'x'.repeat(1024 * 1024)
  expect(JSON.parse(printed({ data }))).toMatchObject({ data })
})

test.each([
  ['2024-03-15T15:11:23Z', '2024-03-15T15:11:23Z'],
  ['2024-03-15T15:11:00.000Z', '2024-03-15T15:11:00Z'],
  ['2024-03-15T15:11:23.951Z', '2024-03-15T15:11:23.951Z'],
  ['2024-03-15T15:11:23.950Z', '2024-03-15T15:11:23.950Z'],
  ['2024-03-15 15:11:23.95+00', '2024-03-15T15:11:23.950Z'],
  ['2024-03-15 15:11:23.951002+00', '2024-03-15T15:11:23.951002Z'],
  ['2024-03-15 15:11:23.0001+00', '2024-03-15T15:11:23.000100Z'],
  ['2024-03-15T15:11:23.951002113Z', '2024-03-15T15:11:23.951002113Z'],
  ['2024-03-15T15:11:23.9510021Z', '2024-03-15T15:11:23.951002100Z'],
  ['2024-03-01 00:30:00.5+05:30', '2024-02-29T19:00:00.500Z'],
  ['2024-12-31 23:30:00-01', '2025-01-01T00:30:00Z'],
])('the instant %s is printed as %s', (given, expected) => {
  expect(instantText(given)).toBe(expected)
})

test.each([
  '',
  'now',
  '2024-03-15',
  '2024-03-15T15:11:23',
  '2024-13-15T15:11:23Z',
  'infinity',
  '2024-03-15T15:11:23.1234567890Z',
])('%j is not an instant', (text) => {
  expect(() => instantText(text)).toThrow(RangeError)
})
