import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import { startRawReceiver } from './support/raw-receiver.ts'
import { TEST_CERTIFICATE, TEST_CERTIFICATE_KEY } from './support/tls-fixture.ts'
import { createTestWebhookSender } from './support/test-webhook-sender.ts'

const HEAD = 'HTTP/1.1 200 OK\r\n'
const LENGTH = 'Content-Length: 2\r\n'
const OK = `${HEAD}${LENGTH}\r\nok`
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`
/** The receiver closes. */
const CLOSE = null

/** What is written, in order; each part after the one before has arrived. */
type Parts = readonly (string | typeof CLOSE)[]

const open: { close(): Promise<unknown> }[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

async function writeParts(socket: Socket, parts: Parts): Promise<void> {
  for (const part of parts) {
    if (part === CLOSE) socket.end()
    else await new Promise((resolve) => socket.write(Buffer.from(part, 'latin1'), () => setImmediate(resolve)))
  }
}

/** A receiver whose first response is odd, and whose others are plain. */
async function odd(parts: Parts) {
  let requests = 0
  const raw = await startRawReceiver((socket, chunk) => {
    requests += String(chunk).split('POST ').length - 1
    if (!String(chunk).endsWith('{}')) return
    void writeParts(socket, requests === 1 ? parts : [OK])
  })
  const sender = createTestWebhookSender({ limits: { totalMs: 2000 } })
  open.push(raw, sender)
  return { raw, sender, requests: () => requests }
}

const ALIVE = 'one connection'
const OVER = 'a new connection'

test.each<[what: string, parts: Parts, next: typeof ALIVE | typeof OVER]>([
  // Interim responses (RFC 9110 15.2).
  ['a 100 that nobody asked for', [CONTINUE + OK], ALIVE],
  ['a 100 that comes apart', [CONTINUE, OK], ALIVE],
  ['a 100 in pieces', ['HTTP/1.1 10', '0 Continue\r', '\n', '\r', '\nHTTP', OK.slice(4, 30), OK.slice(30)], ALIVE],
  [
    'a 100 with fields',
    [`HTTP/1.1 100 Continue\r\nServer: x\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n${OK}`],
    ALIVE,
  ],
  ['a 100 without a reason', [`HTTP/1.1 100\r\n\r\n${OK}`], ALIVE],
  ['a 100 of HTTP/1.0', [`HTTP/1.0 100 Continue\r\n\r\n${OK}`], ALIVE],
  ['a 100 with bare line feeds', [`HTTP/1.1 100 Continue\n\n${OK}`], ALIVE],
  ['a 100 and an empty line too many', [`${CONTINUE}\r\n${OK}`], ALIVE],
  ['a hundred of them', [CONTINUE.repeat(100) + OK], ALIVE],
  [
    '102, 100 and 103',
    [`HTTP/1.1 102 Processing\r\n\r\n${CONTINUE}HTTP/1.1 103 Early Hints\r\nLink: </a>,\r\n </b>\r\n\r\n`, OK],
    ALIVE,
  ],
  ['104', [`HTTP/1.1 104 Upload Resumption Supported\r\nUpload-Offset: 1\r\n\r\n${OK}`], ALIVE],
  ['199', [`HTTP/1.1 199 Odd\r\n\r\n${OK}`], ALIVE],
  ['a 100 before chunks', [CONTINUE + CHUNKED, '2\r\nok\r\n', '0\r\n\r\n'], ALIVE],
  ['a 100 before a 204', [`${CONTINUE}HTTP/1.1 204 No Content\r\n\r\n`], ALIVE],
  ['a 100 before a body that ends with the connection', [`${CONTINUE}${HEAD}\r\nok`, CLOSE], OVER],
  // Lines.
  ['a folded line', [`${HEAD}X: a\r\n b\r\n\tc\r\n${LENGTH}\r\nok`], ALIVE],
  ['a folded length', [`${HEAD}Content-Length:\r\n 2\r\n\r\nok`], ALIVE],
  ['a fold at the very first line', [`${HEAD} X: a\r\n${LENGTH}\r\nok`], ALIVE],
  ['bare line feeds', [OK.replaceAll('\r\n', '\n')], ALIVE],
  ['a bare line feed at the end of the head', [`${HEAD}${LENGTH}\nok`], ALIVE],
  ['two carriage returns', [`${HEAD}X: a\r\r\n${LENGTH}\r\nok`], ALIVE],
  ['empty lines ahead', [`\r\n\r\n${OK}`], ALIVE],
  ['two blanks in the status line', [`HTTP/1.1  200 OK\r\n${LENGTH}\r\nok`], ALIVE],
  ['neither reason nor blank', [`HTTP/1.1 200\r\n${LENGTH}\r\nok`], ALIVE],
  ['a reason with control characters', [`HTTP/1.1 200 O\rK\x01\xff\r\n${LENGTH}\r\nok`], ALIVE],
  ['HTTP/1.2', [`HTTP/1.2 200 OK\r\n${LENGTH}\r\nok`], ALIVE],
  // Fields.
  ['a blank before the colon', [`${HEAD}Content-Length : 2\r\nX\t: y\r\n\r\nok`], ALIVE],
  ['a line without a colon', [`${HEAD}nonsense\r\n${LENGTH}\r\nok`], ALIVE],
  ['a field without a name', [`${HEAD}: x\r\n${LENGTH}\r\nok`], ALIVE],
  ['odd names', [`${HEAD}X(a): b\r\nX/a@b: c\r\n"X": d\r\nX y: e\r\nX\xe9\x01: f\r\n${LENGTH}\r\nok`], ALIVE],
  ['odd values', [`${HEAD}X: \xe9\xff\x01\x7f\x0b\x00 \x1b[0m\r\n${LENGTH}\r\nok`], ALIVE],
  ['a head of 60 KiB', [`${HEAD}X: ${'y'.repeat(60_000)}\r\n${LENGTH}\r\nok`], ALIVE],
  // Lengths.
  ['the same length twice', [`${HEAD}${LENGTH}content-length: 2\r\n\r\nok`], ALIVE],
  ['the same length in a list', [`${HEAD}Content-Length: 2, 02\r\n\r\nok`], ALIVE],
  ['a length after a tab', [`${HEAD}Content-Length:\t2\t\r\n\r\nok`], ALIVE],
  ['a length with zeros', [`${HEAD}Content-Length: 0002\r\n\r\nok`], ALIVE],
  ['two lengths', [`${HEAD}${LENGTH}Content-Length: 3\r\n\r\nok`], OVER],
  ['a length with a sign', [`${HEAD}Content-Length: +2\r\n\r\nok`], OVER],
  ['a negative length', [`${HEAD}Content-Length: -1\r\n\r\nok`], OVER],
  ['an empty length', [`${HEAD}Content-Length:\r\n\r\nok`], OVER],
  ['a length beyond all numbers', [`${HEAD}Content-Length: ${'9'.repeat(30)}\r\n\r\nok`], OVER],
  ['a length beside chunks', [`${HEAD}${LENGTH}Transfer-Encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`], OVER],
  ['identity as a coding', [`${HEAD}Transfer-Encoding: identity\r\n${LENGTH}\r\nok`], OVER],
  ['an empty coding', [`${HEAD}Transfer-Encoding: chunked,\r\n\r\n2\r\nok\r\n0\r\n\r\n`], ALIVE],
  [
    'chunks in another case, with extensions and trailers',
    [`${HEAD}TRANSFER-ENCODING: CHUNKED\r\n\r\n2;a="b"\r\nok\r\n0\r\nX: y\r\n\r\n`],
    ALIVE,
  ],
  ['a chunk size that is none', [`${CHUNKED}zz\r\nok\r\n`], OVER],
  ['a blank after a chunk size', [`${CHUNKED}2 \r\nok\r\n0\r\n\r\n`], OVER],
  ['a bad trailer', [`${CHUNKED}2\r\nok\r\n0\r\nX y\r\n\r\n`], OVER],
  ['a body longer than its length', [`${HEAD}${LENGTH}\r\nokok`], OVER],
  // Connections.
  ['HTTP/1.0 that closes', [`HTTP/1.0 200 OK\r\n${LENGTH}\r\nok`], OVER],
  ['HTTP/1.0 that stays', [`HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n${LENGTH}\r\nok`], ALIVE],
  ['an offer to upgrade', [`${HEAD}Connection: upgrade, close\r\nUpgrade: h2\r\n${LENGTH}\r\nok`], OVER],
])('a response with %s is accepted, by one request, and the next goes over %s', async (_what, parts, next) => {
  const { raw, sender, requests } = await odd(parts)
  expect(await sender.post(raw.url())).toMatchObject({
    kind: 'answered',
    httpStatus: parts.join('').includes('204') ? 204 : 200,
  })
  expect(requests()).toBe(1)
  expect(await sender.post(raw.url())).toMatchObject({ kind: 'answered', httpStatus: 200 })
  expect(requests()).toBe(2)
  expect(raw.connections).toHaveLength(next === ALIVE ? 1 : 2)
})

const BAD = 'bad_answer'
const CUT = 'closed_early'

test.each<[what: string, parts: Parts, reason: string]>([
  ['more than a hundred interim answers', [CONTINUE.repeat(101) + OK], BAD],
  [
    'more than 64 KiB of interim answers',
    [`HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(30_000)}\r\n\r\n`.repeat(3) + OK],
    BAD,
  ],
  ['a 100 and a head of more than 64 KiB together', [`${CONTINUE}${HEAD}X: ${'x'.repeat(65_500)}\r\n\r\n`], BAD],
  ['a head of more than 64 KiB', [`${HEAD}X: ${'x'.repeat(65_600)}\r\n${LENGTH}\r\nok`], BAD],
  ['another protocol from here on', ['HTTP/1.1 101 Switching Protocols\r\n\r\n', OK], BAD],
  ['a 100, then another protocol', [`${CONTINUE}HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n`], BAD],
  ['a 100, then something else', [`${CONTINUE}<html>`], BAD],
  ['no version', ['HTTP 200 OK\r\n\r\n'], BAD],
  ['HTTP/2 without a minor version', [`HTTP/2 200\r\n${LENGTH}\r\nok`], BAD],
  ['HTTP/3.0', [`HTTP/3.0 200 OK\r\n${LENGTH}\r\nok`], BAD],
  ['another name', ['ICY 200 OK\r\n\r\n'], BAD],
  ['the name in lower case', ['http/1.1 200 OK\r\n\r\n'], BAD],
  ['a status of two digits', ['HTTP/1.1 20 OK\r\n\r\n'], BAD],
  ['a status of four digits', ['HTTP/1.1 2000 OK\r\n\r\n'], BAD],
  ['a status that runs into its reason', ['HTTP/1.1 200OK\r\n\r\n'], BAD],
  ['the status 000', ['HTTP/1.1 000 OK\r\n\r\n'], BAD],
  ['the status 099', ['HTTP/1.1 099 OK\r\n\r\n'], BAD],
  ['a blank ahead', [` ${OK}`], BAD],
  ['a page without a head', ['<html>ok</html>'], BAD],
  ['a 100, then the end', [CONTINUE, CLOSE], CUT],
  ['the end within a head', [`${HEAD}${LENGTH}`, CLOSE], CUT],
  ['the end within a body', [`${HEAD}Content-Length: 5\r\n\r\nok`, CLOSE], CUT],
  ['the end within chunks', [`${CHUNKED}2\r\nok\r\n`, CLOSE], CUT],
])('a response with %s is not valid', async (_what, parts, reason) => {
  const { raw, sender, requests } = await odd(parts)
  expect(await sender.post(raw.url())).toMatchObject({ kind: 'failed', reason, stage: 'answer' })
  expect(requests()).toBe(1)
})

test.each([301, 400, 404, 410, 429, 500, 503])(
  'after a 100, and with a folded line, %d is recognised',
  async (status) => {
    const { raw, sender } = await odd([
      `${CONTINUE}HTTP/1.1 ${status} No\r\nX: a\r\n b\r\nRetry-After:\r\n 7\r\nContent-Length: 0\r\n\r\n`,
    ])
    const waits = status === 429 || status === 503 ? { retryAfterMs: 7000 } : {}
    expect(await sender.post(raw.url())).toEqual({
      kind: 'answered',
      httpStatus: status,
      ...waits,
      durationMs: expect.any(Number) as number,
    })
  },
)

test('a receiver that sends a 100 to each of many requests gets each one once', async () => {
  let requests = 0
  const raw = await startRawReceiver((socket) => {
    requests += 1
    socket.write(CONTINUE)
    setImmediate(() => socket.write(OK))
  })
  const sender = createTestWebhookSender()
  open.push(raw, sender)
  for (let n = 0; n < 20; n++)
    expect(await sender.post(raw.url(`/${n}`))).toMatchObject({ kind: 'answered', httpStatus: 200 })
  expect(requests).toBe(20)
  expect(raw.connections).toHaveLength(1)
})

test('a 100 within TLS is skipped as well', async () => {
  const server = createTlsServer({ cert: TEST_CERTIFICATE, key: TEST_CERTIFICATE_KEY }, (socket) => {
    socket.on('error', () => undefined).on('data', () => void writeParts(socket, [CONTINUE, OK]))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const sender = createTestWebhookSender({ ca: TEST_CERTIFICATE })
  open.push(sender)
  for (let n = 0; n < 2; n++)
    expect(await sender.post(`https://127.0.0.1:${port}/`)).toMatchObject({ kind: 'answered', httpStatus: 200 })
  server.close()
})
