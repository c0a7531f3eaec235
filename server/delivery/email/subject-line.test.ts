import { expect, test } from 'vitest'
import { subjectLine } from './subject-line.ts'

const type = 'jobs.JOB_NEW_STATUS.RUNNING'

test('the subject line is that of protocol 6.8, with and without a subject of the event', () => {
  expect(subjectLine({ type, subject: 'job-7' })).toBe(
    'Tapis v3 notification. Event type: jobs.JOB_NEW_STATUS.RUNNING subject: job-7',
  )
  for (const subject of [null, '', ' \n\t'])
    expect(subjectLine({ type, subject })).toBe('Tapis v3 notification. Event type: jobs.JOB_NEW_STATUS.RUNNING')
})

test.each([
  'a\r\nBcc: x@example.org',
  'a\nb',
  'a\rb',
  'a\u2028b',
  'a\u2029b',
  'a\u0085b',
  'a\u0000b',
  'a\tb',
  '\ud800a',
])('%j stays on one line, without unprintable characters', (subject) => {
  const line = subjectLine({ type, subject })
  expect(line).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029]/u)
  expect(line).toMatch(/^Tapis v3 notification\. Event type: jobs\.JOB_NEW_STATUS\.RUNNING subject: .*[ab]/)
})

test('a very long subject is cut to what one line of a header may hold, never in the middle of a character', () => {
  for (const character of ['x', 'ü', '\u{1f600}']) {
    const line = subjectLine({ type, subject: character.repeat(400_000) })
    expect(line.length).toBeLessThan(700)
    expect(line).toMatch(/…$/)
    expect(line).not.toMatch(/\p{Cs}/u)
  }
})
