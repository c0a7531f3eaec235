import { expect, test } from 'vitest'
import { readMark, writeMark } from './event-mark.ts'
import { createEventTemplate, writeSeries } from './event-template.ts'

const OPTIONS = { host: '127.0.0.1', port: 8080, path: '/publish', headers: { 'x-token': 'abc' }, bodyBytes: 1024 }

test('a request has the head of HTTP and a body of the size that was asked for', () => {
  const [head = '', body = ''] = createEventTemplate(OPTIONS).bytes.toString().split('\r\n\r\n')
  expect(head.split('\r\n')).toEqual([
    'POST /publish HTTP/1.1',
    'host: 127.0.0.1:8080',
    'content-type: application/json',
    'x-token: abc',
    'content-length: 1024',
  ])
  expect(body).toHaveLength(1024)
})

test('series and mark are overwritten in place', () => {
  const template = createEventTemplate(OPTIONS)
  const bytes = Buffer.from(template.bytes)
  const mark = { series: 42, number: 7, intendedMicros: 1_000_000 }
  writeSeries(bytes, template, 42)
  writeMark(bytes, template.markAt, mark)
  const event = JSON.parse(bytes.subarray(bytes.indexOf('\r\n\r\n')).toString()) as Record<string, string>
  expect([event.subject, event.seriesId]).toEqual(['job-000042', 'job-000042'])
  expect(readMark(Buffer.from(event.data ?? ''), 0)).toEqual(mark)
})
