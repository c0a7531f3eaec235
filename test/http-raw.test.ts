import { once } from 'node:events'
import { setInterval } from 'node:timers'
import { expect, onTestFinished, test } from 'vitest'
import { createApiForFile } from './support/test-api.ts'
import { envelopeIn, exchange, openRaw } from './support/raw-http.ts'

const api = createApiForFile()

const BASE = '/v3/notifications'
const GET = `GET ${BASE}/healthcheck`
const CALLER = 'X-Tapis-Token: service:jobs\r\nX-Tapis-User: jdoe\r\nX-Tapis-Tenant: dev\r\n'
const POST = `POST ${BASE}/events/publish HTTP/1.1\r\nHost: x\r\n${CALLER}`
const EVENT = '{"source":"s","type":"jobs.a.b","timestamp":"2026-11-23T10:00:00Z"}'
const CHUNK = `${EVENT.length.toString(16)}\r\n${EVENT}\r\n`
const chunked = (body: string) => `${POST}Transfer-Encoding: chunked\r\n\r\n${body}`

const REFUSED: readonly (readonly [what: string, bytes: string, status: number, code: string])[] = [
  ['two Hosts', `${GET} HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n`, 400, 'NTFAPI_BAD_REQUEST'],
  [
    'the same Host twice',
    `${GET} HTTP/1.1\r\nHost: a\r\nHost: a\r\nConnection: close\r\n\r\n`,
    400,
    'NTFAPI_BAD_REQUEST',
  ],
  [
    'two Hosts, where no route is',
    'GET /nowhere HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n',
    400,
    'NTFAPI_BAD_REQUEST',
  ],
  ['two Hosts in HTTP/1.0', `${GET} HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n`, 400, 'NTFAPI_BAD_REQUEST'],
  ...[
    'a b',
    'a@b',
    'a/b',
    'a\\b',
    '[::1',
    '::1',
    'a:b',
    'a:80:80',
    'a:99999',
    'a%2',
    'caf\u00e9',
    '"a"',
    '<a>',
    'a?b',
    'a#b',
    'http://a',
  ].map(
    (host) =>
      [
        `Host: ${host}`,
        `${GET} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
        400,
        'NTFAPI_BAD_REQUEST',
      ] as const,
  ),
  ['no version', `${GET}\r\n\r\n`, 400, 'NTFAPI_BAD_REQUEST'],
  ...['2.0', '3.0', '1.2', '0.8', '9.9'].map(
    (version) => [`HTTP/${version}`, `${GET} HTTP/${version}\r\nHost: x\r\n\r\n`, 505, 'NTFAPI_HTTP_VERSION'] as const,
  ),
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505, 'NTFAPI_HTTP_VERSION'],
  ...['1', '1.', '1.1.1', 'x.y', '11'].map(
    (version) => [`HTTP/${version}`, `${GET} HTTP/${version}\r\nHost: x\r\n\r\n`, 400, 'NTFAPI_BAD_REQUEST'] as const,
  ),
  ['line ends without CR', `${GET} HTTP/1.1\nHost: x\n\n`, 400, 'NTFAPI_BAD_REQUEST'],
  ...['xchunked', 'identity', 'gzip', 'chunked, identity', 'chunked, chunked', '"chunked"'].map(
    (coding) =>
      [
        `Transfer-Encoding: ${coding}`,
        `${POST}Transfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`,
        400,
        'NTFAPI_BAD_REQUEST',
      ] as const,
  ),
  ...[
    'zz\r\n',
    '-1\r\n',
    '0x5\r\nabcde\r\n',
    '5 \r\nabcde\r\n',
    'FFFFFFFFFFFFFFFF0\r\n',
    '5\nabcde\n',
    '5;\nabcde\r\n',
    '5\r\nabcdeXX',
    '\r\n',
    `${CHUNK}g\r\n`,
    '5\r\nabcde\r\n5 5\r\n',
  ].map(
    (body) => [`the chunk ${JSON.stringify(body.slice(0, 20))}`, chunked(body), 400, 'NTFAPI_BAD_REQUEST'] as const,
  ),
  ['trailers without end', chunked(`0\r\n${'X-T: y\r\n'.repeat(5000)}\r\n`), 431, 'NTFAPI_HEADERS_TOO_LARGE'],
  [
    'a length and chunks',
    `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
    'NTFAPI_BAD_REQUEST',
  ],
  ['CONNECT', 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'NTFAPI_METHOD_NOT_ALLOWED'],
]

test.each(REFUSED)(
  '%s gets a response in the envelope before the connection is closed',
  async (_what, bytes, status, code) => {
    const answers = await exchange(api.address, Buffer.from(bytes, 'latin1'))
    expect(answers.map((answer) => answer.status)).toEqual([status])
    expect(answers.map((answer) => envelopeIn(answer).message).join()).toMatch(new RegExp(`^${code} `))
    expect(answers[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    expect(api.published).toEqual([])
  },
)

test.each([
  'x',
  'x:',
  'x:80',
  'my_service:8080',
  '127.0.0.1',
  '[::1]:80',
  '[fe80::1%25eth0]',
  'a%20b',
  "a!$&'()*+,;=b",
  '',
])('Host: %s is accepted', async (host) => {
  expect(
    (await exchange(api.address, `${GET} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).map(
      ({ status }) => status,
    ),
  ).toEqual([200])
})

test('HTTP/1.0 needs no Host', async () => {
  expect((await exchange(api.address, `${GET} HTTP/1.0\r\n\r\n`)).map(({ status }) => status)).toEqual([200])
})

test('garbage after a complete request is rejected after the response', async () => {
  const answers = await exchange(api.address, `${POST}Content-Length: ${EVENT.length}\r\n\r\n${EVENT}GARBAGE\r\n\r\n`)
  expect(answers.map(({ status }) => status)).toEqual([200, 400])
  expect(api.published).toHaveLength(1)
})

test('an error in the body of the second of two requests is reported after the first response', async () => {
  const answers = await exchange(
    api.address,
    `${POST}Content-Length: ${EVENT.length}\r\n\r\n${EVENT}${chunked('zz\r\n')}`,
  )
  expect(answers.map(({ status }) => status)).toEqual([200, 400])
  expect(api.published).toHaveLength(1)
})

test('an error in a body that was already rejected does not corrupt the response', async () => {
  const connection = await openRaw(api.address)
  connection.socket.write(
    `POST ${BASE}/events/publish HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n`,
  )
  await expect.poll(() => connection.answers().map(({ status }) => status)).toEqual([401])
  connection.socket.write('zz\r\n')
  await connection.closed
  expect(connection.answers().map(({ status }) => status)).toEqual([401])
})

test.each([
  ['a success', 'GET', '/subscriptions', 200],
  ['a refused caller', 'GET', '/subscriptions', 401],
  ['an unknown address', 'GET', '/nowhere', 404],
  ['another method', 'PUT', '/subscriptions', 405],
  ['HEAD', 'HEAD', '/subscriptions', 200],
  ['a probe', 'GET', '/readycheck', 200],
  ['a path that cannot be read', 'GET', '/subscriptions/byName/%ff', 400],
])('%s must not be cached, nor its type guessed', async (_what, method, path, status) => {
  const response = await api.call(method, path, status === 401 ? { as: 'nobody' } : {})
  expect([
    response.status,
    response.headers.get('cache-control'),
    response.headers.get('x-content-type-options'),
  ]).toEqual([status, 'no-store', 'nosniff'])
})

test('the documentation has its own cache rule', async () => {
  expect((await api.call('GET', '/openapi.json', { as: 'nobody' })).headers.get('cache-control')).toBe('no-cache')
})

test.each([
  ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['garbage', 'garbage\r\n\r\n'],
  ['an upgrade', `${GET} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`],
  ['a broken chunk', chunked('zz\r\n')],
  ['a request', `${GET} HTTP/1.1\r\nHost: x\r\n\r\n`],
])('a connection that is reset after the response to %s does not affect the service', async (_what, bytes) => {
  for (let round = 0; round < 5; round += 1) {
    const { socket } = await openRaw(api.address)
    socket.write(bytes)
    await once(socket, 'data')
    socket.resetAndDestroy()
  }
  expect(
    (await exchange(api.address, `${GET} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).map(
      ({ status }) => status,
    ),
  ).toEqual([200])
})

test('a caller that half-closes still gets its response, also after CONNECT behind a request', async () => {
  for (const [bytes, statuses] of [
    [`${POST}Content-Length: ${EVENT.length}\r\n\r\n${EVENT}`, [200]],
    [`${POST}Content-Length: ${EVENT.length}\r\n\r\n${EVENT}CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n`, [200, 405]],
  ] as const) {
    const connection = await openRaw(api.address)
    connection.socket.end(bytes)
    await connection.closed
    expect(connection.answers().map(({ status }) => status)).toEqual(statuses)
  }
  expect(api.published).toHaveLength(2)
})

test('a rejected connection that keeps sending a byte now and then is cut', async () => {
  const { socket, closed } = await openRaw(api.address)
  socket.write('CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'data')
  const dripping = setInterval(() => socket.write('x'), 200)
  onTestFinished(() => clearInterval(dripping))
  await closed.catch(() => undefined)
})
