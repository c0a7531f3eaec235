import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createEnvelopeWriter } from '@tidings/server/api/http/response/envelope-writer.ts'
import { createHttpServer } from '@tidings/server/api/http/http-server.ts'
import type { Route } from '@tidings/server/api/http/route.ts'
import { createLog } from '@tidings/server/log.ts'
import { deferred } from '@tidings/server/runtime/deferred.ts'
import { errorCode } from '@tidings/server/runtime/error-code.ts'
import { createApiForFile, envelopeOf, startApi } from './support/test-api.ts'

const MIB = 1_048_576

const api = createApiForFile()

async function refusal(response: Response, status: number, code: string): Promise<string> {
  const envelope = await envelopeOf(response, status)
  expect(envelope).toMatchObject({ result: null, status: 'error', metadata: null })
  expect(envelope.message).toMatch(new RegExp(`^${code} `))
  return envelope.message
}

describe('every rejection is an envelope', () => {
  test.each([
    ['unknown address', 'GET', '/nowhere', {}, 404, 'NTFAPI_ROUTE_NOT_FOUND'],
    [
      'unknown address with a large body of another type',
      'POST',
      '/nowhere',
      { body: new Uint8Array(2 * MIB), headers: { 'content-type': 'text/plain' } },
      404,
      'NTFAPI_ROUTE_NOT_FOUND',
    ],
    [
      'other type',
      'POST',
      '/events',
      { headers: { 'content-type': 'text/plain' }, body: '{}' },
      415,
      'NTFAPI_UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'other type, empty body',
      'POST',
      '/subscriptions/x/enable',
      { headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'NTFAPI_UNSUPPORTED_MEDIA_TYPE',
    ],
    ['bad percent-encoding in the path', 'GET', '/subscriptions/byName/%zz', {}, 400, 'NTFAPI_BAD_REQUEST'],
    ['path that is not UTF-8', 'GET', '/subscriptions/byName/%ff', {}, 400, 'NTFAPI_BAD_REQUEST'],
    ['NUL in the path', 'GET', '/subscriptions/byName/a%00b', {}, 400, 'NTFAPI_BAD_REQUEST'],
    ['bad percent-encoding in the query', 'GET', '/subscriptions?select=%zz', {}, 400, 'NTFAPI_BAD_REQUEST'],
    ['parameter longer than 4096', 'GET', `/subscriptions/byName/${'a'.repeat(4097)}`, {}, 414, 'NTFAPI_URI_TOO_LONG'],
  ] as const)('%s, without a token', async (_name, method, path, options, status, code) => {
    await refusal(await api.call(method, path, { ...options, as: 'nobody' }), status, code)
  })

  test('a method that the path does not support is 405 and names those that it supports', async () => {
    const response = await api.call('PUT', '/subscriptions/', { as: 'nobody' })
    expect(response.headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS')
    await refusal(response, 405, 'NTFAPI_METHOD_NOT_ALLOWED')
  })

  test('no token is 401', async () => {
    await refusal(await api.call('GET', '/subscriptions', { as: 'nobody' }), 401, 'TAPIS_SECURITY_MISSING_JWT_INFO')
  })

  test.each([
    ['GARBAGE\r\n\r\n', 400, 'NTFAPI_BAD_REQUEST'],
    ['GET /v3/notifications/healthcheck HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'NTFAPI_BAD_REQUEST'],
    [`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'NTFAPI_HEADERS_TOO_LARGE'],
    [
      'POST /v3/notifications/events HTTP/1.1\r\nHost: x\r\nX-Tapis-Token: service:jobs\r\nContent-Type: application/json;;x=\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}',
      400,
      'TAPIS_JSON_VALIDATION_ERROR',
    ],
    [
      'POST /v3/notifications/events HTTP/1.1\r\nHost: x\r\nX-Tapis-Token: service:jobs\r\nContent-Type:\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}',
      400,
      'TAPIS_JSON_VALIDATION_ERROR',
    ],
    ['FOO /v3/notifications/events HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'NTFAPI_BAD_REQUEST'],
    [
      'PURGE /v3/notifications/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      405,
      'NTFAPI_METHOD_NOT_ALLOWED',
    ],
    [
      'GET /v3/notifications/healthchecks HTTP/1.1\r\nHost: x\r\nExpect: nothing\r\nConnection: close\r\n\r\n',
      404,
      'NTFAPI_ROUTE_NOT_FOUND',
    ],
  ])('raw request %#', async (request, status, code) => {
    const answer = await raw(request)
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    await refusal(
      new Response(body, {
        status: Number(head.split(' ')[1]),
        headers: { 'content-type': /content-type: (.*)/i.exec(head)?.[1] ?? '' },
      }),
      status,
      code,
    )
  })
})

test('OPTIONS on a known address needs no token', async () => {
  const response = await api.call('OPTIONS', '/subscriptions/byName/x', { as: 'nobody' })
  expect([response.status, response.headers.get('allow')]).toEqual([204, 'GET, HEAD, DELETE, PATCH, OPTIONS'])
  expect((await api.call('OPTIONS', '/nowhere', { as: 'nobody' })).status).toBe(404)
})

describe('body size', () => {
  const event = (bytes: number) => {
    const shell = '{"source":"s","type":"jobs.a.b","timestamp":"t","data":""}'
    return Buffer.from(shell.replace('""}', `"${'d'.repeat(bytes - shell.length)}"}`))
  }
  const chunked = (bytes: number) =>
    new ReadableStream({
      start(controller) {
        const whole = event(bytes)
        for (let at = 0; at < whole.length; at += 65_536) controller.enqueue(whole.subarray(at, at + 65_536))
        controller.close()
      },
    })

  test('1 MiB is accepted, by length and in chunks', async () => {
    expect((await api.call('POST', '/events/publish', { body: event(MIB) })).status).toBe(200)
    expect((await api.call('POST', '/events/publish', { body: chunked(MIB) })).status).toBe(200)
  })

  test('one byte more is 413, by length and in chunks, and the connection survives', async () => {
    await refusal(await api.call('POST', '/events/publish', { body: event(MIB + 1) }), 413, 'NTFAPI_BODY_TOO_LARGE')
    await refusal(await api.call('POST', '/events/publish', { body: chunked(MIB + 1) }), 413, 'NTFAPI_BODY_TOO_LARGE')
    await refusal(await api.call('POST', '/events/publish', { body: event(8 * MIB) }), 413, 'NTFAPI_BODY_TOO_LARGE')
  })

  test('a caller without a token is rejected before the body is read', async () => {
    await refusal(
      await api.call('POST', '/events/publish', { as: 'nobody', body: event(MIB + 1) }),
      401,
      'TAPIS_SECURITY_MISSING_JWT_INFO',
    )
  })
})

test('an empty body with a JSON type is no body', async () => {
  const headers = { 'content-type': 'application/json' }
  await refusal(await api.call('POST', '/subscriptions/none/enable', { headers }), 404, 'NTFAPI_NOT_FOUND')
  expect((await api.call('DELETE', '/subscriptions/byName/none', { headers })).status).toBe(200)
  expect((await api.call('GET', '/subscriptions', { headers })).status).toBe(200)
  await refusal(await api.call('POST', '/subscriptions', { headers }), 400, 'TAPIS_JSON_VALIDATION_ERROR')
})

test('a body on DELETE is ignored, whatever it is', async () => {
  expect(
    (
      await api.call('DELETE', '/subscriptions/byName/none', {
        body: 'not json',
        headers: { 'content-type': 'application/json' },
      })
    ).status,
  ).toBe(200)
})

test.each([
  '',
  'null',
  '[]',
  '"text"',
  '7',
  '{',
  Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
  '['.repeat(500_000),
])('body %# is not a JSON object', async (body) => {
  await refusal(
    await api.call('POST', '/events/publish', { body, headers: { 'content-type': 'application/json' } }),
    400,
    'TAPIS_JSON_VALIDATION_ERROR',
  )
})

test('path parameters are decoded once', async () => {
  const message = await refusal(
    await api.call('GET', '/subscriptions/byName/a%2Fb%252Fc%20%C3%A9%3F%25/'),
    404,
    'NTFAPI_NOT_FOUND',
  )
  expect(message).toContain('Subscription: a/b%2Fc é?%')
})

test('HEAD gets the response of GET, without a body', async () => {
  const response = await api.call('HEAD', '/subscriptions')
  expect([response.status, await response.text()]).toEqual([200, ''])
})

test('a rejection names the caller once it is known', async () => {
  const message = await refusal(await api.call('GET', '/subscriptions/byName/none'), 404, 'NTFAPI_NOT_FOUND')
  expect(message).toBe(
    'NTFAPI_NOT_FOUND There is no such subscription. jwtTenant: admin jwtUser: jobs OboTenant: dev OboUser: jdoe Owner: jdoe Subscription: none',
  )
})

test('stop finishes what is in flight, and closes connections that stay idle', async () => {
  const { promise: gate, resolve: release } = deferred()
  const { promise: inside, resolve: isInside } = deferred()
  const other = await startApi({
    publish: {
      event: async () => {
        isInside()
        await gate
        return { uuid: 'u' }
      },
      endSeries: () => Promise.resolve(),
      events: () => Promise.resolve([]),
    },
  })
  const { hostname, port } = new URL(other.address)
  const idle = connect(Number(port), hostname)
  const closed = new Promise((resolve) => idle.once('close', resolve))
  idle.on('error', () => undefined)
  const answer = other.call('POST', '/events', { body: { source: 's', type: 'jobs.a.b', timestamp: 't' } })
  await inside
  const stopped = other.stop()
  await closed
  release()
  const response = await answer
  expect([response.status, response.headers.get('connection')]).toEqual([200, 'close'])
  await stopped
})

test('while the service stops, open connections are served, new ones are refused, and none is reset', async () => {
  const other = await startApi()
  const { hostname, port } = new URL(other.address)
  const socket = connect(Number(port), hostname)
  const ended = new Promise<void>((resolve, reject) => socket.once('end', resolve).once('error', reject))
  let answers = ''
  socket.on('data', (chunk: Buffer) => (answers += chunk.toString()))
  const ask = () => socket.write('GET /v3/notifications/healthcheck HTTP/1.1\r\nHost: x\r\n\r\n')
  const statuses = () => answers.match(/HTTP\/1\.1 \d+/g)
  ask()
  await expect.poll(statuses).toEqual(['HTTP/1.1 200'])
  const stopped = other.stop()
  await expect.poll(() => refusalOf(Number(port), hostname), { interval: 5 }).toBe('ECONNREFUSED')
  ask()
  await ended
  expect(statuses()).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200'])
  expect(answers.match(/^connection: .*$/gim)?.at(-1)).toBe('connection: close')
  await stopped
})

test('stop cuts off what is in flight after its limit; it may be called twice, or before start', async () => {
  const parts = {
    host: '127.0.0.1',
    port: 0,
    authenticator: { authenticate: () => new Promise<never>(() => undefined) },
    envelopes: createEnvelopeWriter({ version: '', commit: '', build: '' }),
    log: createLog({ level: 'fatal', isTerminal: false }),
    stopLimitMs: 50,
    idleGraceMs: 10,
  }
  const route: Route = {
    method: 'GET',
    path: '/x',
    who: 'caller',
    handle: () => Promise.reject(new Error('never called')),
  }
  const server = createHttpServer({ ...parts, routes: [route] })
  const address = await server.start()
  const answer = fetch(`${address}/v3/notifications/x`)
  await (await fetch(`${address}/v3/notifications/nowhere`)).text() // the first request is in by now
  const stops = Promise.all([server.stop(), server.stop()])
  await expect(answer).rejects.toThrow()
  await stops
  await expect(fetch(address)).rejects.toThrow()
  await createHttpServer({ ...parts, routes: [] }).stop()
})

/** The error code with which a connection is refused, if it is. */
function refusalOf(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once('error', (error) => resolve(errorCode(error)))
  })
}

function raw(request: string): Promise<string> {
  const { hostname, port } = new URL(api.address)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(Number(port), hostname, () => socket.write(request))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('end', () => resolve(Buffer.concat(chunks).toString()))
    socket.on('error', reject)
  })
}
