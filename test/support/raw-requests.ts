/**
 * A request as bytes, and the statuses that it may get, in order; an empty list: the connection is closed
 * without a response.
 */
export type RawCase = readonly [name: string, bytes: string | Buffer, statuses: readonly number[] | 'any rejection']

const BASE = '/v3/notifications'
const EVENT = JSON.stringify({ source: 's', type: 'jobs.a.b', timestamp: '2026-01-01T00:00:00Z', subject: 'raw' })
const CHUNK = `${EVENT.length.toString(16)}\r\n${EVENT}\r\n0\r\n\r\n`
/** It must never get a response: it is where a body is. */
export const SMUGGLED = `GET ${BASE}/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n`

/** Lines of requests. `caller`: header lines of a service, each with its line end. */
const writing = (caller: string) => ({
  publish: (lines: string, rest = '') =>
    `POST ${BASE}/events/publish HTTP/1.1\r\nHost: 127.0.0.1\r\n${caller}Content-Type: application/json\r\n${lines}\r\n${rest}`,
  health: (lines = 'Host: x\r\n', target = `${BASE}/healthcheck`, version = 'HTTP/1.1') =>
    `GET ${target} ${version}\r\n${lines}\r\n`,
  named: (target: string) => `GET ${BASE}/${target} HTTP/1.1\r\nHost: x\r\n${caller}\r\n`,
})

const LENGTH = `Content-Length: ${EVENT.length}\r\n`

/** Where a body ends must be beyond doubt (RFC 9112 6). */
export function framings(caller: string): readonly RawCase[] {
  const { publish } = writing(caller)
  const chunked = (rest: string, line = 'Transfer-Encoding: chunked\r\n') => publish(line, rest)
  return [
    ['a right one', publish(LENGTH, EVENT), [200]],
    ['both framings', publish(`${LENGTH}Transfer-Encoding: chunked\r\n`, `0\r\n\r\n${SMUGGLED}`), 'any rejection'],
    [
      'both framings, the other way round',
      publish(`Transfer-Encoding: chunked\r\nContent-Length: 4\r\n`, CHUNK),
      'any rejection',
    ],
    ['two equal lengths', publish(LENGTH + LENGTH, EVENT), 'any rejection'],
    ['two lengths', publish(`${LENGTH}Content-Length: 3\r\n`, EVENT), 'any rejection'],
    ['a list of lengths', publish(`Content-Length: ${EVENT.length}, ${EVENT.length}\r\n`, EVENT), 'any rejection'],
    ...['+9', '-1', '0x10', '', '99999999999999999999999'].map((text): RawCase => [
      `Content-Length "${text}"`,
      publish(`Content-Length: ${text}\r\n`, EVENT),
      'any rejection',
    ]),
    ['a byte too many', publish('Content-Length: 1048577\r\n'), [413]],
    ...['xchunked', 'identity', 'chunked, identity', '\x0bchunked'].map((text): RawCase => [
      `Transfer-Encoding ${JSON.stringify(text)}`,
      publish(`Transfer-Encoding: ${text}\r\n`, `0\r\n\r\n${SMUGGLED}`),
      'any rejection',
    ]),
    ['identity, chunked', publish('Transfer-Encoding: identity, chunked\r\n', '0\r\n\r\n'), 'any rejection'],
    ['a blank before the colon', publish('Transfer-Encoding : chunked\r\n', `0\r\n\r\n${SMUGGLED}`), 'any rejection'],
    ['a tab before chunked', chunked(CHUNK, 'Transfer-Encoding:\tchunked\r\n'), [200]],
    ['CHUNKED', chunked(CHUNK, 'Transfer-Encoding: CHUNKED\r\n'), [200]],
    ['a folded header', publish(`X-Foo: a\r\n b\r\n${LENGTH}`, EVENT), 'any rejection'],
    [
      'a folded Transfer-Encoding',
      publish('Transfer-Encoding:\r\n chunked\r\n', `0\r\n\r\n${SMUGGLED}`),
      'any rejection',
    ],
    ['bare line feeds', publish(LENGTH, EVENT).replaceAll('\r\n', '\n'), 'any rejection'],
    [
      'a bare line feed in a header',
      publish(`X-A: b\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n`, '0\r\n\r\n'),
      'any rejection',
    ],
    ['a bare carriage return', publish(`X-A: b\rX-B: c\r\n${LENGTH}`, EVENT), 'any rejection'],
    ['NUL in a header', publish(`X-A: b\0c\r\n${LENGTH}`, EVENT), 'any rejection'],
    ['chunk extensions', chunked(`${EVENT.length.toString(16)};a=b;c="d"\r\n${EVENT}\r\n0;x\r\n\r\n`), [200]],
    [
      'a chunk extension that ends in a line feed',
      chunked(`${EVENT.length.toString(16)};\n${EVENT}\r\n0\r\n\r\n`),
      'any rejection',
    ],
    ['chunks with line feeds', chunked(`${EVENT.length.toString(16)}\n${EVENT}\n0\n\n`), 'any rejection'],
    ...['FFFFFFFFFFFFFFFF0\r\n', '-1\r\n', '0x5\r\nabcde\r\n0\r\n\r\n', '5\r\nabcdeXX0\r\n\r\n', 'zz\r\n'].map(
      (rest): RawCase => [`chunks ${JSON.stringify(rest)}`, chunked(rest), 'any rejection'],
    ),
    [
      'a trailer that names another tenant',
      chunked(`${EVENT.length.toString(16)}\r\n${EVENT}\r\n0\r\nX-Tapis-Tenant: tb\r\n\r\n`),
      [200],
    ],
    ['many trailers', chunked(`0\r\n${'X-T: y\r\n'.repeat(5000)}\r\n`), 'any rejection'],
    [
      'GET with a body',
      `GET ${BASE}/healthcheck HTTP/1.1\r\nHost: x\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
      [200],
    ],
    ['HEAD', `HEAD ${BASE}/healthcheck HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, [200]],
  ]
}

/** Versions, methods, hosts, sizes, paths and what the content says it is. */
export function oddRequests(caller: string): readonly RawCase[] {
  const { publish, health, named } = writing(caller)
  return [
    // Versions and upgrades.
    ['HTTP/1.0', health('', undefined, 'HTTP/1.0'), [200]],
    ['no version', `GET ${BASE}/healthcheck\r\n\r\n`, 'any rejection'],
    ['HTTP/1.2', health(undefined, undefined, 'HTTP/1.2'), 'any rejection'],
    ['HTTP/2.0', health(undefined, undefined, 'HTTP/2.0'), 'any rejection'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'any rejection'],
    [
      'h2c',
      health(
        'Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n',
      ),
      [200],
    ],
    [
      'a web socket',
      health('Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'),
      [200],
    ],
    ['TLS', Buffer.from('1603010200010001fc0303', 'hex'), 'any rejection'],
    // Methods.
    ['TRACE', `TRACE ${BASE}/healthcheck HTTP/1.1\r\nHost: x\r\n\r\n`, [405]],
    ['CONNECT', 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n', 'any rejection'],
    ['PROPFIND', `PROPFIND ${BASE}/subscriptions HTTP/1.1\r\nHost: x\r\n\r\n`, 'any rejection'],
    ['get', `get ${BASE}/healthcheck HTTP/1.1\r\nHost: x\r\n\r\n`, 'any rejection'],
    ['FOOBAR', 'FOOBAR / HTTP/1.1\r\nHost: x\r\n\r\n', 'any rejection'],
    [
      'OPTIONS',
      `OPTIONS ${BASE}/events HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n`,
      [204],
    ],
    [
      'another method in a header',
      `GET ${BASE}/subscriptions/byName/none HTTP/1.1\r\nHost: x\r\n${caller}X-HTTP-Method-Override: DELETE\r\nX-Original-URL: /x\r\n\r\n`,
      [404],
    ],
    // Hosts.
    ['no Host', health(''), [400]],
    ['two Hosts', health('Host: a\r\nHost: b\r\n'), [400]],
    ['Host with a blank', health('Host: a b\r\n'), [400]],
    ['absolute form', health(undefined, `http://evil.example${BASE}/healthcheck`), [200]],
    // Sizes.
    ['a header of 20,000 bytes', health(`Host: x\r\nX-A: ${'a'.repeat(20_000)}\r\n`), [431]],
    ['a header of 15,000 bytes', health(`Host: x\r\nX-A: ${'a'.repeat(15_000)}\r\n`), [200]],
    ['2,500 headers', health(`Host: x\r\n${'A:b\r\n'.repeat(2500)}`), [200]],
    ['900 tokens', `GET ${BASE}/subscriptions HTTP/1.1\r\nHost: x\r\n${'X-Tapis-Token:b\r\n'.repeat(900)}\r\n`, [401]],
    ['a name of 5,000 characters', named(`subscriptions/byName/${'a'.repeat(5000)}`), [414]],
    ['3,500 parameters', named(`subscriptions?${'a=1&'.repeat(3500)}`), [200]],
    // Paths.
    ['dots', health(undefined, '/v3/../v3/notifications/healthcheck'), 'any rejection'],
    ['an encoded letter', health(undefined, `${BASE}/%68ealthcheck`), [200]],
    ['double slashes', health(undefined, '//v3//notifications//healthcheck'), [404]],
    ['backslashes', health(undefined, '/v3\\notifications\\healthcheck'), 'any rejection'],
    ...['a%2Fb', 'a%252Fb', 'a;b', '%c0%af', 'a%ff', 'a%zz', 'a%00b'].map((name): RawCase => [
      `a name ${name}`,
      named(`subscriptions/byName/${name}`),
      'any rejection',
    ]),
    ['a byte above 127', Buffer.from(named('subscriptions/byName/\xe4'), 'latin1'), 'any rejection'],
    ['a name of dots', named('subscriptions/byName/%2e%2e'), 'any rejection'],
    ['a fragment', health(undefined, `${BASE}/healthcheck#x`), [200]],
    ['question marks', health(undefined, `${BASE}/healthcheck???`), [200]],
    ['no path', 'GET  HTTP/1.1\r\nHost: x\r\n\r\n', 'any rejection'],
    ['a control character', health(undefined, `${BASE}/health\x01check`), 'any rejection'],
    ['a document below another path', named('subscriptions/openapi.json'), 'any rejection'],
    // Content.
    ['another content type', publish(LENGTH, EVENT).replace('application/json', 'text/xml'), [415]],
    ['__proto__ as content type', publish(LENGTH, EVENT).replace('application/json', '__proto__'), [415]],
    ['gzip', publish(`Content-Encoding: gzip\r\n${LENGTH}`, EVENT), [415]],
    ['three in one packet', health().repeat(3), [200, 200, 200]],
  ]
}
