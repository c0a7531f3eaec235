import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plainStatus } from './response-head.ts'
import { createResponseReader } from './response-reader.ts'

const HEAD_BYTES = 1000

/** What the parser gets, and what is known about the response, when it comes in these pieces. */
function read(pieces: readonly Buffer[]) {
  let head: unknown
  let rejections = 0
  const reader = createResponseReader({
    headBytes: HEAD_BYTES,
    onHead: ({ httpStatus, retryAfter, date }) => {
      head = { httpStatus, retryAfter, date }
    },
    onInvalid: () => {
      rejections += 1
    },
  })
  const text = Buffer.concat(pieces.map((piece) => reader.take(piece))).toString('latin1')
  return { text, head, rejections }
}

const bytes = (text: string) => Buffer.from(text, 'latin1')
const cut = (text: string, places: readonly number[]) => {
  const ends = [...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length]
  return ends.map((end, n) => bytes(text.slice(ends[n - 1] ?? 0, end)))
}
const byteByByte = (text: string) =>
  cut(
    text,
    Array.from({ length: text.length }, (_, n) => n),
  )

const lineEnd = fc.constantFrom('\r\n', '\n')
const field = fc.constantFrom(
  'Server: x',
  'X: a\r\n b',
  'X : y',
  'nonsense',
  'Content-Length: 2',
  'content-length: 3',
  'Transfer-Encoding: chunked',
  'Connection: close',
  'Keep-Alive: timeout=5',
  'Retry-After: 7',
  'Date: Sun, 06 Nov 1994 08:49:37 GMT',
  'X: \x01\xff',
)
const head = (status: fc.Arbitrary<string>) =>
  fc
    .tuple(fc.constantFrom('HTTP/1.1', 'HTTP/1.0'), status, fc.array(field, { maxLength: 4 }), lineEnd)
    .map(([version, code, fields, end]) => [`${version} ${code} X`, ...fields, ''].map((line) => line + end).join(''))
const responses = fc.tuple(
  fc.array(head(fc.constantFrom('100', '102', '103', '199')), { maxLength: 3 }),
  head(fc.constantFrom('200', '204', '429', '500')),
  fc.constantFrom('', 'ok', 'HTTP/1.1 100 Continue\r\n\r\n'),
)

test('a response is read the same, into whatever pieces it is cut', () => {
  fc.assert(
    fc.property(responses, fc.array(fc.nat(2000), { maxLength: 8 }), ([interim, final, body], places) => {
      const text = [...interim, final, body].join('')
      const inPieces = read(cut(text, places))
      const inBytes = read(byteByByte(text))
      expect(inPieces.head).toEqual(inBytes.head)
      expect(inPieces.head).toMatchObject({ httpStatus: Number(final.slice(9, 12)) })
      expect(inPieces.rejections).toBe(0)
      // A head in one piece may be passed on unchanged.
      if (plainStatus(bytes(final)) === undefined) expect(inPieces.text).toBe(inBytes.text)
    }),
  )
})

test('a plain head is passed on unchanged, with its body', () => {
  const text = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  expect(read([bytes(text)])).toEqual({
    text,
    head: { httpStatus: 200, retryAfter: [], date: undefined },
    rejections: 0,
  })
})

const DATE = 'Sun, 06 Nov 1994 08:49:37 GMT'
test.each([
  ['200', { httpStatus: 200, retryAfter: [], date: undefined }],
  ['503', { httpStatus: 503, retryAfter: ['7'], date: DATE }],
])('Retry-After and Date of a %s are read the same, whole or in pieces', (status, expected) => {
  const text = `HTTP/1.1 ${status} X\r\nRetry-After: 7\r\nDate: ${DATE}\r\n\r\n`
  expect(read([bytes(text)]).head).toEqual(expected)
  expect(read(byteByByte(text)).head).toEqual(expected)
})

test.each([
  [
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 02, 2\r\n\r\nok',
    'HTTP/1.1 200 \r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok',
  ],
  [
    'HTTP/1.0 200 OK\nTransfer-Encoding:  Chunked\n\n2\r\n',
    'HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n2\r\n',
  ],
  [
    'HTTP/1.1 200 OK\nKeep-Alive: max=3, timeout=7\nContent-Length: 0\n\n',
    'HTTP/1.1 200 \r\ncontent-length: 0\r\nconnection: keep-alive\r\nkeep-alive: timeout=7\r\n\r\n',
  ],
  [
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok',
    'HTTP/1.1 200 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
  ],
  ['HTTP/1.1 204 OK\nContent-Length: 2\n\n', 'HTTP/1.1 204 \r\nconnection: keep-alive\r\n\r\n'],
  ['HTTP/1.1 200 OK\nConnection: close\n\nok', 'HTTP/1.1 200 \r\nconnection: close\r\n\r\nok'],
])('%j becomes %j', (text, expected) => {
  expect(read([bytes(text)]).text).toBe(expected)
})

test('whatever comes, at most one head or one rejection is reported, and no more bytes are held than allowed', () => {
  const junk = fc.array(
    fc.oneof(
      head(fc.constantFrom('100', '200', '101', '099')),
      fc.string(),
      fc.constant('\r\n'.repeat(400)),
      fc.constant('x'.repeat(600)),
      fc.constant('HTTP/1.1 103 x\r\n\r\n'.repeat(40)),
    ),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(junk, fc.array(fc.nat(5000), { maxLength: 5 }), (parts, places) => {
      const { rejections, head: seen, text } = read(cut(parts.join(''), places))
      expect(rejections + (seen === undefined ? 0 : 1)).toBeLessThanOrEqual(1)
      if (seen === undefined) expect(text).toBe('')
    }),
  )
})

test.each([
  ['interim answers', 'HTTP/1.1 103 x\r\n\r\n'],
  ['a reason', 'HTTP/1.1 200 xxxxxxxxxxxx'],
  ['empty lines', '\r\n'],
  ['fields', 'HTTP/1.1 200 OK\r\nX: y\r\n'],
])('endless %s are rejected as soon as they are too many bytes', (_what, text) => {
  let rejections = 0
  const reader = createResponseReader({
    headBytes: HEAD_BYTES,
    onHead: () => undefined,
    onInvalid: () => {
      rejections += 1
    },
  })
  for (let sent = 0; sent < HEAD_BYTES + text.length; sent += text.length) reader.take(bytes(text))
  expect(rejections).toBe(1)
})

test('a hostile head costs little time', () => {
  const startedAt = performance.now()
  for (const text of ['a\r\n', '\r', ' b\n', 'X:\n \n', 'Content-Length: 1\n', 'Connection: a,\n', 'X: '.repeat(100)]) {
    const reader = createResponseReader({ headBytes: 65_536, onHead: () => undefined, onInvalid: () => undefined })
    reader.take(bytes('HTTP/1.1 200 OK\r\n'))
    for (const byte of text.repeat(64_000 / text.length)) reader.take(bytes(byte))
    reader.take(bytes('\n\n'))
  }
  expect(performance.now() - startedAt).toBeLessThan(5000)
})
