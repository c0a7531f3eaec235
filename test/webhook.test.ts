import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { TEST_CERTIFICATE, TEST_CERTIFICATE_KEY } from './support/tls-fixture.ts'
import { createTestWebhookSender } from './support/test-webhook-sender.ts'
import { webhookPairForFile } from './support/webhook-pair.ts'

const { receiver, sender } = webhookPairForFile()

test('a webhook is a POST with the headers of protocol 5.3 and the bytes of the body', async () => {
  const body = JSON.stringify({ text: '\u{1f600} ü' })
  const result = await sender.post(receiver.url('/hooks/jobs?x=1'), {
    body,
    headers: { 'webhook-id': 'n-1', 'webhook-timestamp': '1700000000' },
  })
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

test.each([204, 301, 302, 307, 308, 400, 410, 429, 500, 503])(
  'the status %d is returned as it is, and no redirect is followed',
  async (status) => {
    receiver.decide(() => ({ status, headers: { location: receiver.url('/elsewhere') } }))
    expect(await sender.post(receiver.url())).toMatchObject({ kind: 'answered', httpStatus: status })
    expect(receiver.received).toHaveLength(1)
  },
)

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
  const server = createServer(
    (request, response) => void request.resume().on('end', () => response.writeHead(202).end()),
  )
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
  ['', 'bad_address'],
  ['nonsense', 'bad_address'],
  ['ftp://example.org/', 'bad_address'],
  ['unix:/var/run/docker.sock', 'bad_address'],
  ['http://unix:99999/', 'bad_address'],
  ['http://[fe80::1%25eth0]/', 'bad_address'],
  ['http://1.2.3.4.5/', 'bad_address'],
  ['http://us%zz:x@127.0.0.1/', 'bad_credentials'],
  ['http://a%3Ab:x@127.0.0.1/', 'bad_credentials'],
])('a request to %j cannot be built: %s', async (address, reason) => {
  expect(await sender.post(address)).toEqual({ kind: 'unbuildable', reason })
})

test.each([
  ['x-evil', 'a\r\nb: c'],
  ['bad name', 'x'],
  ['webhook-id', 'ü\u{1f600}'],
  ['Host', 'other'],
  ['content-length', '1'],
  ['transfer-encoding', 'chunked'],
])('a request with the header %s: %j cannot be built', async (name, value) => {
  expect(await sender.post(receiver.url(), { headers: { [name]: value } })).toEqual({
    kind: 'unbuildable',
    reason: 'bad_header',
  })
  expect(receiver.received).toHaveLength(0)
})

test('https works with a receiver whose certificate is trusted, and with no other', async () => {
  const server = createTlsServer(
    { cert: TEST_CERTIFICATE, key: TEST_CERTIFICATE_KEY },
    (request, response) => void request.resume().on('end', () => response.end(JSON.stringify(request.headers))),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const trusting = createTestWebhookSender({
    ca: TEST_CERTIFICATE,
    resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
  })

  expect(await trusting.post(`https://receiver.test:${port}/`)).toMatchObject({ kind: 'answered', httpStatus: 200 })
  expect(await trusting.post(`https://127.0.0.1:${port}/`)).toMatchObject({ kind: 'answered', httpStatus: 200 })
  expect(await trusting.post(`https://other.test:${port}/`)).toMatchObject({
    kind: 'failed',
    reason: 'tls',
    stage: 'connect',
  })
  expect(await sender.post(`https://127.0.0.1:${port}/`)).toMatchObject({
    kind: 'failed',
    reason: 'tls',
    stage: 'connect',
  })
  await trusting.close()
  server.closeAllConnections()
  server.close()
})
