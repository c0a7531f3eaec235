import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plainStatus } from './answer-head.ts'
import { createAnswerReader } from './answer-reader.ts'

const HEAD_BYTES = 1000

/** What the parser gets, and what is known of the answer, when it comes in these pieces. */
function read(pieces: readonly Buffer[]) {
  let head: unknown
  let faults = 0
  const reader = createAnswerReader({ headBytes: HEAD_BYTES, onHead: (seen) => { head = { httpStatus: seen.httpStatus, retryAfter: seen.retryAfter } }, onFault: () => { faults += 1 } })
  const text = Buffer.concat(pieces.map((piece) => reader.take(piece))).toString('latin1')
  return { text, head, faults }
}

const bytes = (text: string) => Buffer.from(text, 'latin1')
const cut = (text: string, places: readonly number[]) => {
  const ends = [...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length]
  return ends.map((end, n) => bytes(text.slice(ends[n - 1] ?? 0, end)))
}

const lineEnd = fc.constantFrom('\r\n', '\n')
const field = fc.constantFrom('Server: x', 'X: a\r\n b', 'X : y', 'nonsense', 'Content-Length: 2', 'content-length: 3', 'Transfer-Encoding: chunked', 'Connection: close', 'Keep-Alive: timeout=5', 'Retry-After: 7', 'X: \x01\xff')
const head = (status: fc.Arbitrary<string>) => fc.tuple(fc.constantFrom('HTTP/1.1', 'HTTP/1.0'), status, fc.array(field, { maxLength: 4 }), lineEnd)
  .map(([version, code, fields, end]) => [`${version} ${code} X`, ...fields, ''].map((line) => line + end).join(''))
const answers = fc.tuple(fc.array(head(fc.constantFrom('100', '102', '103', '199')), { maxLength: 3 }), head(fc.constantFrom('200', '204', '429', '500')), fc.constantFrom('', 'ok', 'HTTP/1.1 100 Continue\r\n\r\n'))

test('into whatever pieces an answer is cut, it is the same answer', () => {
  fc.assert(fc.property(answers, fc.array(fc.nat(2000), { maxLength: 8 }), ([interim, final, body], places) => {
    const text = [...interim, final, body].join('')
    const inPieces = read(cut(text, places))
    const inBytes = read(cut(text, Array.from({ length: text.length }, (_, n) => n)))
    expect(inPieces.head).toEqual(inBytes.head)
    expect(inPieces.head).toMatchObject({ httpStatus: Number(final.slice(9, 12)) })
    expect(inPieces.faults).toBe(0)
    // A head that comes whole may go on as it is.
    if (plainStatus(bytes(final)) === undefined) expect(inPieces.text).toBe(inBytes.text)
  }))
})

test('a plain head is handed on as it is, with its body', () => {
  const text = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  expect(read([bytes(text)])).toEqual({ text, head: { httpStatus: 200, retryAfter: [] }, faults: 0 })
})

test.each([
  ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 02, 2\r\n\r\nok', 'HTTP/1.1 200 \r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok'],
  ['HTTP/1.0 200 OK\nTransfer-Encoding:  Chunked\n\n2\r\n', 'HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n2\r\n'],
  ['HTTP/1.1 200 OK\nKeep-Alive: max=3, timeout=7\nContent-Length: 0\n\n', 'HTTP/1.1 200 \r\ncontent-length: 0\r\nconnection: keep-alive\r\nkeep-alive: timeout=7\r\n\r\n'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok', 'HTTP/1.1 200 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n'],
  ['HTTP/1.1 204 OK\nContent-Length: 2\n\n', 'HTTP/1.1 204 \r\nconnection: keep-alive\r\n\r\n'],
  ['HTTP/1.1 200 OK\nConnection: close\n\nok', 'HTTP/1.1 200 \r\nconnection: close\r\n\r\nok'],
])('%j becomes %j', (text, expected) => {
  expect(read([bytes(text)]).text).toBe(expected)
})

test('whatever comes, at most one head or one fault is told, and no more is held than may be', () => {
  const junk = fc.array(fc.oneof(head(fc.constantFrom('100', '200', '101', '099')), fc.string(), fc.constant('\r\n'.repeat(400)), fc.constant('x'.repeat(600)), fc.constant('HTTP/1.1 103 x\r\n\r\n'.repeat(40))), { maxLength: 6 })
  fc.assert(fc.property(junk, fc.array(fc.nat(5000), { maxLength: 5 }), (parts, places) => {
    const { faults, head: seen, text } = read(cut(parts.join(''), places))
    expect(faults + (seen === undefined ? 0 : 1)).toBeLessThanOrEqual(1)
    if (seen === undefined) expect(text).toBe('')
  }))
})

test.each([['interim answers', 'HTTP/1.1 103 x\r\n\r\n'], ['a reason', 'HTTP/1.1 200 xxxxxxxxxxxx'], ['empty lines', '\r\n'], ['fields', 'HTTP/1.1 200 OK\r\nX: y\r\n']])('endless %s are a fault as soon as they are too many bytes', (_what, text) => {
  let faults = 0
  const reader = createAnswerReader({ headBytes: HEAD_BYTES, onHead: () => undefined, onFault: () => { faults += 1 } })
  for (let sent = 0; sent < HEAD_BYTES + text.length; sent += text.length) reader.take(bytes(text))
  expect(faults).toBe(1)
})

test('a hostile head costs no time', () => {
  const startedAt = performance.now()
  for (const text of ['a\r\n', '\r', ' b\n', 'X:\n \n', 'Content-Length: 1\n', 'Connection: a,\n', 'X: '.repeat(100)]) {
    const reader = createAnswerReader({ headBytes: 65_536, onHead: () => undefined, onFault: () => undefined })
    reader.take(bytes('HTTP/1.1 200 OK\r\n'))
    for (const byte of text.repeat(64_000 / text.length)) reader.take(bytes(byte))
    reader.take(bytes('\n\n'))
  }
  expect(performance.now() - startedAt).toBeLessThan(5000)
})
