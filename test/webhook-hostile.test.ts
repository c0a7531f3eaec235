import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { startRawReceiver, type RawReceiver } from './support/raw-receiver.ts'
import { TEST_CERTIFICATE, TEST_CERTIFICATE_KEY } from './support/tls-fixture.ts'
import { createTestWebhookSender, type TestWebhookSender } from './support/test-webhook-sender.ts'

const HEAD = 'HTTP/1.1 200 OK\r\n'
const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

async function attacked(
  onRequest: (socket: Socket) => void,
  onConnection?: (socket: Socket) => void,
): Promise<{ raw: RawReceiver; sender: TestWebhookSender }> {
  let isFirst = true
  const raw = await startRawReceiver((socket) => {
    // A request may come in several chunks; a receiver misbehaves once.
    if (isFirst) onRequest(socket)
    isFirst = false
  }, onConnection)
  const sender = createTestWebhookSender({ limits: { totalMs: 300, connectMs: 200 } })
  open.push(raw, sender)
  return { raw, sender }
}

/** Writes as long as the other side reads. */
function pour(socket: Socket, text: string): void {
  const more = () => {
    while (!socket.destroyed && socket.write(text));
  }
  socket.on('drain', more)
  more()
}

/** Writes one byte at a time, for ever. */
function drip(socket: Socket, text: string): void {
  let place = 0
  const timer = setInterval(() => socket.write(text.charAt(place++ % text.length)), 10)
  socket.once('close', () => clearInterval(timer))
}

const answered = { kind: 'answered', httpStatus: 200 }
const badAnswer = { kind: 'failed', reason: 'bad_answer', stage: 'answer' }
const closedEarly = { kind: 'failed', reason: 'closed_early', stage: 'answer' }
const answerTimeout = { kind: 'failed', reason: 'answer_timeout', stage: 'answer' }

test.each<[what: string, onRequest: (socket: Socket) => void, expected: object]>([
  [
    'an endless body',
    (socket) => {
      socket.write(`${HEAD}\r\n`)
      pour(socket, 'x'.repeat(10_000))
    },
    answered,
  ],
  [
    'an endless chunked body',
    (socket) => {
      socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`)
      pour(socket, `1000\r\n${'x'.repeat(4096)}\r\n`)
    },
    answered,
  ],
  [
    'an endless body of tiny chunks',
    (socket) => {
      socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`)
      pour(socket, '1\r\nx\r\n'.repeat(1000))
    },
    answered,
  ],
  [
    'an endless chunk extension',
    (socket) => {
      socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n1;a=`)
      pour(socket, 'x'.repeat(10_000))
    },
    answered,
  ],
  ['a body longer than announced', (socket) => socket.write(`${HEAD}content-length: 2\r\n\r\nabcdef`), answered],
  [
    'a gzip bomb, which stays packed',
    (socket) => {
      const bomb = gzipSync(Buffer.alloc(8_000_000))
      socket.write(`${HEAD}content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`)
      socket.write(bomb)
    },
    answered,
  ],
  [
    'a 204 with a body',
    (socket) => socket.write('HTTP/1.1 204 No Content\r\ncontent-length: 4\r\n\r\nbody'),
    { kind: 'answered', httpStatus: 204 },
  ],
  [
    'a status of its own',
    (socket) => socket.write('HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n'),
    { kind: 'answered', httpStatus: 999 },
  ],
  ['HTTP/1.0 without a length, then the end', (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nok'), answered],
  [
    'some interim answers, then one',
    (socket) =>
      socket.write(`${'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(3)}${HEAD}content-length: 0\r\n\r\n`),
    answered,
  ],
  [
    'a second answer that nobody asked for',
    (socket) => socket.write(`${HEAD}content-length: 0\r\n\r\nHTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n`),
    answered,
  ],
  [
    'a Retry-After twice',
    (socket) => socket.write('HTTP/1.1 503 Busy\r\nretry-after: 3\r\nretry-after: 9\r\ncontent-length: 0\r\n\r\n'),
    { kind: 'answered', httpStatus: 503, retryAfterMs: 3000 },
  ],
  [
    'endless interim answers',
    (socket) => pour(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(100)),
    badAnswer,
  ],
  [
    'an endless reason phrase',
    (socket) => {
      socket.write('HTTP/1.1 200 ')
      pour(socket, 'x'.repeat(10_000))
    },
    badAnswer,
  ],
  [
    'an endless header',
    (socket) => {
      socket.write(`${HEAD}x: `)
      pour(socket, 'x'.repeat(10_000))
    },
    badAnswer,
  ],
  ['a head of 70 KiB', (socket) => socket.write(`${HEAD}${'x: yyyyyyyyyyyyyyy\r\n'.repeat(3700)}\r\n`), badAnswer],
  ['100 Continue, and nothing else', (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'), answerTimeout],
  [
    'an upgrade',
    (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'),
    badAnswer,
  ],
  ['garbage', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'), badAnswer],
  ['two lengths', (socket) => socket.write(`${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\nab`), answered],
  ['a negative length', (socket) => socket.write(`${HEAD}content-length: -1\r\n\r\n`), answered],
  ['a head that never ends', (socket) => drip(socket, `${HEAD}x-slow: and so on`), answerTimeout],
  [
    'a body that never ends',
    (socket) => {
      socket.write(`${HEAD}content-length: 1000\r\n\r\n`)
      drip(socket, 'x')
    },
    answerTimeout,
  ],
  ['silence', () => undefined, answerTimeout],
  ['silence after its head', (socket) => socket.write(`${HEAD}content-length: 1\r\n\r\n`), answerTimeout],
  ['the end instead of an answer', (socket) => socket.end(), closedEarly],
  ['a reset instead of an answer', (socket) => socket.resetAndDestroy(), closedEarly],
  ['the end within its head', (socket) => socket.end(`${HEAD}content-le`), closedEarly],
  [
    'a reset within its body',
    (socket) => socket.write(`${HEAD}content-length: 10\r\n\r\nabc`, () => socket.resetAndDestroy()),
    closedEarly,
  ],
  ['the end within its body', (socket) => socket.end(`${HEAD}content-length: 10\r\n\r\nabc`), closedEarly],
])('a receiver that responds with %s costs one bounded attempt', async (_what, onRequest, expected) => {
  const { raw, sender } = await attacked(onRequest)
  const result = await sender.post(raw.url())
  expect(result).toMatchObject(expected)
  expect(raw.connections).toHaveLength(1)
  // Nothing of it may stick to what comes after.
  const other = await startRawReceiver((socket) => socket.write(`${HEAD}content-length: 0\r\n\r\n`))
  open.push(other)
  expect(await sender.post(other.url())).toMatchObject(answered)
})

test.each<[what: string, onRequest: (socket: Socket) => void]>([
  [
    'an endless body',
    (socket) => {
      socket.write(`${HEAD}\r\n`)
      pour(socket, 'x'.repeat(10_000))
    },
  ],
  [
    'a slow body',
    (socket) => {
      socket.write(`${HEAD}content-length: 1000\r\n\r\n`)
      drip(socket, 'x')
    },
  ],
  ['silence', () => undefined],
])('the connection to a receiver of %s is destroyed when the attempt is over', async (_what, onRequest) => {
  const { raw, sender } = await attacked(onRequest)
  await sender.post(raw.url())
  await raw.allClosed()
})

test('a receiver that closes as soon as somebody connects costs one bounded attempt', async () => {
  const { raw, sender } = await attacked(
    () => undefined,
    (socket) => socket.end(),
  )
  expect(await sender.post(raw.url())).toMatchObject({ kind: 'failed', reason: 'closed_early' })
})

test('TLS to a plain port is a failure of TLS', async () => {
  const { raw, sender } = await attacked((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
  expect(await sender.post(raw.url().replace('http:', 'https:'))).toMatchObject({
    kind: 'failed',
    reason: 'tls',
    stage: 'connect',
  })
})

test('an endless head within TLS is cut as well', async () => {
  const server = createTlsServer({ cert: TEST_CERTIFICATE, key: TEST_CERTIFICATE_KEY }, (socket) => {
    socket
      .on('error', () => undefined)
      .once('data', () => {
        socket.write('HTTP/1.1 200 ')
        pour(socket, 'x'.repeat(10_000))
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const sender = createTestWebhookSender({ ca: TEST_CERTIFICATE })
  open.push(sender)
  expect(await sender.post(`https://127.0.0.1:${port}/`)).toMatchObject(badAnswer)
  server.close()
})

test('a handshake that never ends is cut by the connect limit', async () => {
  const { raw, sender } = await attacked(() => undefined)
  expect(await sender.post(raw.url().replace('http:', 'https:'))).toMatchObject({
    kind: 'failed',
    reason: 'connect_timeout',
    stage: 'connect',
  })
  await raw.allClosed()
})

test('a name server that never answers is cut by the connect limit', async () => {
  const sender = createTestWebhookSender({ limits: { connectMs: 50 }, resolve: () => new Promise(() => undefined) })
  open.push(sender)
  expect(await sender.post('http://slow.test/')).toMatchObject({
    kind: 'failed',
    reason: 'connect_timeout',
    stage: 'connect',
  })
})

test('a signal ends an attempt that is still connecting, and leaves no socket behind', async () => {
  const { raw, sender } = await attacked(() => undefined)
  const stop = new AbortController()
  const pending = sender.post(raw.url().replace('http:', 'https:'), { signal: stop.signal })
  await new Promise<void>((resolve) => {
    const check = () => (raw.connections.length > 0 ? resolve() : setImmediate(check))
    check()
  })
  stop.abort()
  expect(await pending).toEqual({ kind: 'aborted', wasWritten: false })
  await raw.allClosed()
})

test('a thousand hosts leave no connection behind except the few idle ones', async () => {
  const raw = await startRawReceiver((socket) => socket.write(`${HEAD}content-length: 0\r\n\r\n`))
  const sender = createTestWebhookSender({
    limits: { idleConnections: 3 },
    resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
  })
  open.push(raw, sender)
  for (let n = 0; n < 1000; n++) expect(await sender.post(`http://host-${n}.test:${raw.port}/`)).toMatchObject(answered)
  await Promise.all(
    raw.connections
      .slice(0, -3)
      .map(
        (socket) => new Promise<void>((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve()))),
      ),
  )
  expect(raw.connections.filter((socket) => !socket.closed)).toHaveLength(3)
})
