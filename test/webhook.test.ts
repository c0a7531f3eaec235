import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createAddressGuard } from '@tidings/server/delivery/address-guard.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startRawReceiver } from './support/raw-receiver.ts'
import { startReceiver, type Receiver } from '@tidings/harness/receiver.ts'
import { TEST_CERTIFICATE, TEST_CERTIFICATE_KEY } from './support/tls-fixture.ts'
import { testSender, type TestSender } from './support/webhook-sender.ts'

let receiver: Receiver
let sender: TestSender

beforeEach(async () => {
  receiver = await startReceiver()
  sender = testSender()
})

afterEach(async () => {
  await sender.close()
  await receiver.close()
})

test('a webhook is a POST with the headers of the contract and the bytes of the body', async () => {
  const body = JSON.stringify({ text: '\u{1f600} ü' })
  const result = await sender.post(receiver.url('/hooks/jobs?x=1'), { body, headers: { 'webhook-id': 'n-1', 'webhook-timestamp': '1700000000' } })
  const [request] = await receiver.take(1)

  expect(result).toMatchObject({ kind: 'answered', httpStatus: 200 })
  expect(request).toMatchObject({ method: 'POST', path: '/hooks/jobs?x=1' })
  expect(request?.rawBody).toEqual(Buffer.from(body))
  expect(request?.headers).toEqual({
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': 'Tapis/v3',
    'accept-encoding': 'identity',
    'webhook-id': 'n-1',
    'webhook-timestamp': '1700000000',
    connection: 'keep-alive',
    host: new URL(receiver.url()).host,
  })
})

test('a body of one MiB arrives whole, from a string or a buffer', async () => {
  const body = 'ü'.repeat(512 * 1024)
  await sender.post(receiver.url(), { body })
  await sender.post(receiver.url(), { body: Buffer.from(body) })
  for (const request of await receiver.take(2)) expect(request.rawBody.toString()).toBe(body)
})

test.each([204, 301, 302, 307, 308, 400, 410, 429, 500, 503])('the status %d comes back as it is, and no redirect is followed', async (status) => {
  receiver.decide(() => ({ status, headers: { location: receiver.url('/elsewhere') } }))
  expect(await sender.post(receiver.url())).toMatchObject({ kind: 'answered', httpStatus: status })
  expect(receiver.received).toHaveLength(1)
})

test('Retry-After is read with 429 and 503, and with nothing else', async () => {
  const asked = async (status: number, value: string) => {
    receiver.decide(() => ({ status, headers: { 'retry-after': value } }))
    return sender.post(receiver.url())
  }
  expect(await asked(429, '7')).toMatchObject({ httpStatus: 429, retryAfterMs: 7000 })
  expect(await asked(503, new Date(Date.now() + 60_000).toUTCString())).toHaveProperty('retryAfterMs')
  expect(await asked(503, 'later')).not.toHaveProperty('retryAfterMs')
  expect(await asked(500, '7')).not.toHaveProperty('retryAfterMs')
})

test('an IPv6 literal is reached', async () => {
  const server = createServer((request, response) => void request.resume().on('end', () => response.writeHead(202).end()))
  await new Promise<void>((resolve) => server.listen(0, '::1', resolve))
  const { port } = server.address() as AddressInfo
  expect(await sender.post(`http://[::1]:${port}/`)).toMatchObject({ kind: 'answered', httpStatus: 202 })
  server.closeAllConnections()
  server.close()
})

test('credentials in the address become Basic authorization', async () => {
  await sender.post(receiver.url('/x').replace('http://', 'http://us%20er:p%C3%A4ss@'))
  const [request] = await receiver.take(1)
  expect(request?.headers.authorization).toBe(`Basic ${Buffer.from('us er:päss').toString('base64')}`)
  expect(request?.path).toBe('/x')
})

test.each([
  ['', 'bad_address'], ['nonsense', 'bad_address'], ['ftp://example.org/', 'bad_address'], ['unix:/var/run/docker.sock', 'bad_address'], ['http://unix:99999/', 'bad_address'], ['http://[fe80::1%25eth0]/', 'bad_address'],
  ['http://1.2.3.4.5/', 'bad_address'], ['http://us%zz:x@127.0.0.1/', 'bad_credentials'], ['http://a%3Ab:x@127.0.0.1/', 'bad_credentials'],
])('a request to %j cannot be built: %s', async (address, reason) => {
  expect(await sender.post(address)).toEqual({ kind: 'unbuildable', reason })
})

test.each([['x-evil', 'a\r\nb: c'], ['bad name', 'x'], ['webhook-id', 'ü\u{1f600}'], ['Host', 'other'], ['content-length', '1'], ['transfer-encoding', 'chunked']])('a request with the header %s: %j cannot be built', async (name, value) => {
  expect(await sender.post(receiver.url(), { headers: { [name]: value } })).toEqual({ kind: 'unbuildable', reason: 'bad_header' })
  expect(receiver.received).toHaveLength(0)
})

test('one connection serves requests that follow each other', async () => {
  for (let n = 0; n < 5; n++) await sender.post(receiver.url(`/${n}`))
  const ports = (await receiver.take(5)).map((request) => request.remotePort)
  expect(new Set(ports).size).toBe(1)
})

test('concurrent requests have a connection each, without pipelining', async () => {
  receiver.decide(async () => {
    await receiver.waitFor((received) => received.length === 20)
    return 200
  })
  const results = await Promise.all(Array.from({ length: 20 }, () => sender.post(receiver.url())))
  expect(results.every((result) => result.kind === 'answered')).toBe(true)
  expect(new Set(receiver.received.map((request) => request.remotePort)).size).toBe(20)
})

test('an idle connection is dropped by us after its time', async () => {
  const raw = await startRawReceiver((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
  const impatient = testSender({ limits: { idleMs: 50 } })
  await impatient.post(raw.url())
  await raw.allClosed()
  expect(await impatient.post(raw.url())).toMatchObject({ kind: 'answered' })
  expect(raw.connections).toHaveLength(2)
  await impatient.close()
  await raw.close()
})

test('idle connections are bounded over all receivers', async () => {
  const raw = await Promise.all(Array.from({ length: 6 }, () => startRawReceiver((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))))
  const small = testSender({ limits: { idleConnections: 2, idleMs: 60_000 } })
  for (const one of raw) await small.post(one.url())
  await Promise.all(raw.slice(0, 4).map((one) => one.allClosed()))
  expect(raw.map((one) => one.connections.filter((socket) => !socket.closed).length)).toEqual([0, 0, 0, 0, 1, 1])
  await small.close()
  await Promise.all(raw.map((one) => one.close()))
})

test('a connection that the receiver closed while it was idle costs no attempt', async () => {
  const raw = await startRawReceiver((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n'))
  for (let n = 1; n <= 5; n++) {
    expect(await sender.post(raw.url())).toMatchObject({ kind: 'answered', httpStatus: 200 })
    expect(raw.connections).toHaveLength(n)
  }
  await raw.close()
})

test('a connection that the receiver reset while it was idle costs no attempt', async () => {
  const raw = await startRawReceiver((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
  for (let n = 1; n <= 5; n++) {
    expect(await sender.post(raw.url())).toMatchObject({ kind: 'answered', httpStatus: 200 })
    raw.connections.at(-1)?.resetAndDestroy()
  }
  await raw.close()
})

test('a request that was written is never written again by itself', async () => {
  let requests = 0
  const raw = await startRawReceiver((socket) => {
    requests++
    if (requests === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    else socket.destroy()
  })
  await sender.post(raw.url())
  expect(await sender.post(raw.url())).toMatchObject({ kind: 'failed', reason: 'closed_early', stage: 'answer' })
  expect(requests).toBe(2)
  await raw.close()
})

test('a request that may not be sent is not written, and its connection serves the next', async () => {
  const ports: (number | undefined)[] = []
  const raw = await startRawReceiver((socket) => {
    ports.push(socket.remotePort)
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
  })
  expect(await sender.post(raw.url(), { maySend: () => false })).toEqual({ kind: 'not_sent' })
  expect(await sender.post(raw.url())).toMatchObject({ kind: 'answered' })
  expect(await sender.post(raw.url(), { maySend: () => false })).toEqual({ kind: 'not_sent' })
  expect(await sender.post(raw.url())).toMatchObject({ kind: 'answered' })
  expect(raw.connections).toHaveLength(1)
  expect(ports).toHaveLength(2)
  await raw.close()
})

test('whether it may be sent is asked once, and the request is written in the same tick', async () => {
  const order: string[] = []
  const onWrite = () => order.push('written') // published by undici right before it writes
  subscribe('undici:client:sendHeaders', onWrite)
  const maySend = () => {
    order.push('asked')
    queueMicrotask(() => order.push('tick over'))
    return true
  }
  await sender.post(receiver.url(), { maySend })
  await sender.post(receiver.url(), { maySend })
  unsubscribe('undici:client:sendHeaders', onWrite)
  expect(order).toEqual(['asked', 'written', 'tick over', 'asked', 'written', 'tick over'])
})

test('nobody is asked when there is no connection', async () => {
  await receiver.goDown()
  let asked = 0
  const result = await sender.post(receiver.url(), { maySend: () => ++asked > 0 })
  expect(result).toMatchObject({ kind: 'failed', reason: 'connect_refused', stage: 'connect' })
  expect(asked).toBe(0)
  await receiver.comeUp()
  expect(await sender.post(receiver.url())).toMatchObject({ kind: 'answered' })
})

test('a signal ends an attempt, before and after the request was written', async () => {
  const early = new AbortController()
  early.abort()
  expect(await sender.post(receiver.url(), { signal: early.signal })).toEqual({ kind: 'aborted', wasWritten: false })

  receiver.decide(() => 'withheld')
  const late = new AbortController()
  const pending = sender.post(receiver.url(), { signal: late.signal })
  await receiver.take(1)
  late.abort()
  expect(await pending).toEqual({ kind: 'aborted', wasWritten: true })
})

test('closing the sender ends what is on the wire as aborted, and refuses later sends', async () => {
  receiver.decide(() => 'withheld')
  const pending = sender.post(receiver.url())
  await receiver.take(1)
  await sender.close()
  expect(await pending).toEqual({ kind: 'aborted', wasWritten: true })
  expect(await sender.post(receiver.url())).toEqual({ kind: 'aborted', wasWritten: false })
  await sender.close()
})

test.each(['http://localhost:PORT/', 'http://2130706433:PORT/', 'http://0x7f.1:PORT/', 'http://0177.0.0.1:PORT/', 'http://127.1:PORT/', 'http://127.0.0.1.:PORT/', 'http://[::ffff:7f00:1]:PORT/', 'http://[::ffff:127.0.0.1]:PORT/', 'http://0:PORT/', 'http://①②⑦.0.0.1:PORT/'])(
  'without an allow-list %s is refused, and nothing connects',
  async (address) => {
    const raw = await startRawReceiver(() => undefined)
    const strict = testSender({ guard: createAddressGuard({ allow: [] }) })
    expect(await strict.post(address.replace('PORT', String(raw.port)))).toMatchObject({ kind: 'failed', reason: 'address_refused', stage: 'connect' })
    expect(raw.connections).toHaveLength(0)
    await strict.close()
    await raw.close()
  },
)

test('a name with a dot at its end is no way around', async () => {
  const strict = testSender({ guard: createAddressGuard({ allow: [] }), resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]) })
  expect(await strict.post(receiver.url().replace('127.0.0.1', 'localhost.'))).toMatchObject({ reason: 'address_refused' })
  await strict.close()
})

test('a name is refused when any of its addresses is forbidden', async () => {
  const resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }, { address: '10.0.0.1', family: 4 }])
  const careful = testSender({ resolve })
  expect(await careful.post(receiver.url().replace('127.0.0.1', 'mixed.test'))).toMatchObject({ reason: 'address_refused' })
  await careful.close()
})

test('a name is resolved once for a connection, so it cannot change its mind after it was judged', async () => {
  const answers = ['127.0.0.1', '10.0.0.1']
  const rebinding = testSender({ resolve: () => Promise.resolve([{ address: answers.shift() ?? '10.0.0.1', family: 4 }]) })
  expect(await rebinding.post(receiver.url().replace('127.0.0.1', 'rebinding.test'))).toMatchObject({ kind: 'answered' })
  await rebinding.close()
})

test('a name that does not exist is a failure of DNS', async () => {
  expect(await sender.post('http://does-not-exist.invalid/')).toMatchObject({ kind: 'failed', reason: 'dns', stage: 'connect' })
})

test('the own callback may be reached, and its connection serves nothing else', async () => {
  const { origin } = new URL(receiver.url())
  const own = testSender({ guard: createAddressGuard({ allow: [], exceptOrigin: { origin, pathPrefix: '/v3/notifications/test/callback/' } }) })
  expect(await own.post(receiver.url('/v3/notifications/test/callback/abc/'))).toMatchObject({ kind: 'answered' })
  expect(await own.post(receiver.url('/v3/notifications/events'))).toMatchObject({ kind: 'failed', reason: 'address_refused' })
  await own.close()
})

test('https is spoken to a receiver whose certificate is trusted, and to no other', async () => {
  const server = createTlsServer({ cert: TEST_CERTIFICATE, key: TEST_CERTIFICATE_KEY }, (request, response) => void request.resume().on('end', () => response.end(JSON.stringify(request.headers))))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const trusting = testSender({ ca: TEST_CERTIFICATE, resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]) })

  expect(await trusting.post(`https://receiver.test:${port}/`)).toMatchObject({ kind: 'answered', httpStatus: 200 })
  expect(await trusting.post(`https://127.0.0.1:${port}/`)).toMatchObject({ kind: 'answered', httpStatus: 200 })
  expect(await trusting.post(`https://other.test:${port}/`)).toMatchObject({ kind: 'failed', reason: 'tls', stage: 'connect' })
  expect(await sender.post(`https://127.0.0.1:${port}/`)).toMatchObject({ kind: 'failed', reason: 'tls', stage: 'connect' })
  await trusting.close()
  server.closeAllConnections()
  server.close()
})
