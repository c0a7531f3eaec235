import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createApiForFile, envelopeOf, startApiForTest, type CallOptions } from './support/test-api.ts'
import { openRaw } from './support/raw-http.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { endSubscriptions } from './support/stored-state.ts'

const api = createApiForFile()

const KIB = 1024
const EVENT = { source: 's', type: 'jobs.a.b', timestamp: '2026-11-23T10:00:00Z' }
const JSON_TYPE = { 'content-type': 'application/json' }
const publish = (body: string, options: CallOptions = {}) =>
  api.call('POST', '/events/publish', { headers: JSON_TYPE, body, ...options })
const search = (text: string) => JSON.stringify({ search: [text] })
const chunked = (text: string) =>
  new ReadableStream({
    start(controller) {
      for (let at = 0; at < text.length; at += 16 * KIB) controller.enqueue(Buffer.from(text.slice(at, at + 16 * KIB)))
      controller.close()
    },
  })

describe('a body that would be costly to parse', () => {
  test.each([
    ['half a million lists', '{"z":' + '['.repeat(500_000) + ']'.repeat(500_000) + '}', /nested more than 32 levels/],
    ['33 levels', '{"z":' + '['.repeat(32) + ']'.repeat(32) + '}', /nested more than 32 levels/],
    [
      '90,000 members',
      JSON.stringify({
        ...EVENT,
        ...Object.fromEntries(Array.from({ length: 90_000 }, (_, index) => [`k${index}`, 1])),
      }),
      /more than 1000 members/,
    ],
    [
      '300,000 elements',
      JSON.stringify({ ...EVENT, z: Array.from({ length: 300_000 }, () => 1) }),
      /more than 50000 elements/,
    ],
  ])('%s: rejected, with an explanation', async (_what, body, words) => {
    expect((await envelopeOf(publish(body), 400)).message).toMatch(words)
    expect(api.published).toEqual([])
  })

  test('a body within the bounds is accepted', async () => {
    const wide = Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`k${index}`, 1]))
    await envelopeOf(
      publish(JSON.stringify({ ...EVENT, ...wide, z: JSON.parse('['.repeat(30) + ']'.repeat(30)) as unknown })),
    )
    await envelopeOf(publish(JSON.stringify({ ...EVENT, data: '[{"'.repeat(100_000) })))
  })
})

describe('64 KiB is the maximum', () => {
  const OF_64 = (bytes: number) => search(`name = '${'x'.repeat(bytes - search("name = ''").length)}'`)

  test.each([
    ['in a search of a service', 'POST', '/subscriptions/search', 'service'],
    ['in a search of a user', 'POST', '/subscriptions/search', 'user'],
    ['in a change by a user', 'PATCH', '/subscriptions/byName/x', 'user'],
    ['in what a user sends for nothing', 'POST', '/subscriptions/x/enable', 'user'],
  ] as const)('%s, by length and in chunks', async (_what, method, path, as) => {
    for (const body of [OF_64(64 * KIB + 1), chunked(OF_64(64 * KIB + 1))]) {
      expect((await envelopeOf(api.call(method, path, { as, headers: JSON_TYPE, body }), 413)).message).toMatch(
        /^NTFAPI_BODY_TOO_LARGE .* maxBytes: 65536$/,
      )
    }
    for (const body of [OF_64(64 * KIB), chunked(OF_64(64 * KIB))])
      expect((await api.call(method, path, { as, headers: JSON_TYPE, body })).status).not.toBe(413)
  })

  test('1 MiB in what a service publishes, and the rejection names it', async () => {
    const { message } = await envelopeOf(publish('x'.repeat(1024 * KIB + 1)), 413)
    expect(message).toMatch(/ maxBytes: 1048576$/)
  })

  test('a length that is too large is rejected before a byte of the body has arrived', async () => {
    const connection = await openRaw(api.address)
    connection.socket.write(
      'POST /v3/notifications/subscriptions/search HTTP/1.1\r\nHost: x\r\nX-Tapis-Token: user:a@dev\r\nContent-Length: 65537\r\n\r\n',
    )
    await expect.poll(() => connection.answers().map(({ status }) => status)).toEqual([413])
  })
})

describe('a callback', () => {
  const UUID = '7d9b2c3e-0a39-4f5e-9d0e-2f8f3f0f7a11'
  const callback = (name: string, body: string) =>
    api.call('POST', `/test/callback/${name}`, { as: 'nobody', headers: JSON_TYPE, body })

  test.each(['x', UUID, 'A'.repeat(36), `${UUID}%20`])(
    'for %s, which is not a sequence, is 404 whatever the body is',
    async (name) => {
      for (const body of ['{', '', '['.repeat(60_000), 'x'.repeat(80_000)]) await envelopeOf(callback(name, body), 404)
    },
  )

  test('is rejected before its body has arrived', async () => {
    const connection = await openRaw(api.address)
    connection.socket.write(
      `POST /v3/notifications/test/callback/${UUID} HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n`,
    )
    await expect.poll(() => connection.answers().map(({ status }) => status)).toEqual([404])
  })

  test('for a name that was rejected before is accepted when there is such a sequence', async () => {
    const { result } = await envelopeOf<{ name: string }>(api.call('POST', '/test/begin'), 201)
    await envelopeOf(callback(result.name, '{'), 400)
    await endSubscriptions(api.db, { name: result.name, reason: 'deleted' })
    await envelopeOf(callback(result.name, '{'), 400) // known for a while; a whole notification is judged by the row
  })
})

describe('Content-Encoding', () => {
  const text = JSON.stringify(EVENT)
  test.each([
    ['gzip', gzipSync(text)],
    ['br', brotliCompressSync(text)],
    ['deflate', deflateSync(text)],
    ['GZIP', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['zstd', Buffer.from(text)],
    ['gzip, identity', gzipSync(text)],
    ['identity, gzip', gzipSync(text)],
    ['aes128gcm', Buffer.from(text)],
    ['none', Buffer.from(text)],
  ])('%s is 415, and the response says what is accepted', async (coding, body) => {
    const response = await api.call('POST', '/events/publish', {
      body,
      headers: { ...JSON_TYPE, 'content-encoding': coding },
    })
    expect(response.headers.get('accept-encoding')).toBe('identity')
    expect((await envelopeOf(response, 415)).message).toMatch(/^NTFAPI_UNSUPPORTED_ENCODING /)
  })

  test.each(['identity', 'Identity', 'identity, identity', ''])('%j is not a coding', async (coding) => {
    await envelopeOf(publish(text, { headers: { ...JSON_TYPE, 'content-encoding': coding } }))
  })

  test('another content type is 415 without that header', async () => {
    expect(
      (await publish(text, { headers: { 'content-type': 'text/plain' } })).headers.get('accept-encoding'),
    ).toBeNull()
  })
})

describe('Expect: 100-continue', () => {
  const body = JSON.stringify(EVENT)
  const head = (headers: string) =>
    `POST /v3/notifications/events/publish HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n${headers}\r\n`
  const SERVICE = 'X-Tapis-Token: service:jobs\r\nX-Tapis-User: jdoe\r\nX-Tapis-Tenant: dev\r\n'

  test('a permitted caller gets a 100 Continue, and the response', async () => {
    const connection = await openRaw(api.address)
    connection.socket.write(head(`${SERVICE}Content-Length: ${body.length}\r\n`))
    await expect.poll(connection.received).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    connection.socket.write(body)
    await expect.poll(() => connection.answers().map(({ status }) => status)).toEqual([100, 200])
  })

  test.each([
    ['without a token', 'Content-Length: 10\r\n', 401],
    ['as a user', 'X-Tapis-Token: user:a@dev\r\nContent-Length: 10\r\n', 401],
    ['with too much', `${SERVICE}Content-Length: 1048577\r\n`, 413],
    ['compressed', `${SERVICE}Content-Encoding: gzip\r\nContent-Length: 10\r\n`, 415],
    ['with two Hosts', `Host: y\r\n${SERVICE}Content-Length: 10\r\n`, 400],
  ])('%s nobody gets a 100 Continue, and the connection is closed', async (_who, headers, status) => {
    const connection = await openRaw(api.address)
    connection.socket.write(head(headers))
    await connection.closed
    expect(connection.answers().map((answer) => answer.status)).toEqual([status])
  })
})

test.each([
  '{"source":"my secret"',
  '{"source":my secret}',
  "{'source':'my secret'}",
  'my secret',
  '{"source":"my secret\n"}',
  '{"a":"my secret"} my secret',
])('%j: a JSON error says where, and quotes nothing', async (body) => {
  const { message } = await envelopeOf(publish(body), 400)
  expect(message).toMatch(/the body is not JSON: .*(position|after) \d+/)
  expect(message).not.toContain('secret')
})

test('a caller that disconnects in the middle of a body is not a failure of the service', async () => {
  const { log, lines, next } = createRecordingLog()
  const other = await startApiForTest({ log })
  const connection = await openRaw(other.address)
  connection.socket.write(
    'POST /v3/notifications/events/publish HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nX-Tapis-Token: service:jobs\r\nContent-Length: 100\r\n\r\n{',
  )
  await expect.poll(connection.received).toContain('100 Continue')
  const over = next('answered')
  connection.socket.destroy()
  await over
  expect(lines.filter((line) => (JSON.parse(line) as { level: number }).level >= 40)).toEqual([])
})
