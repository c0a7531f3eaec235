import { request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { createEnvelopeWriter } from '@tidings/server/api/http/response/envelope-writer.ts'
import { createHttpServer, type HttpServerDeps } from '@tidings/server/api/http/http-server.ts'
import type { Route } from '@tidings/server/api/http/route.ts'
import { createLog } from '@tidings/server/log.ts'
import { deferred } from '@tidings/server/runtime/deferred.ts'
import { openRaw, type RawConnection } from './support/raw-http.ts'

const MOST = 8
const PROBE_MS = 200

const LARGE = Buffer.alloc(16 * 1024 * 1024)

/** Holds every request to /slow until `open` is called; `held` says how many it were. */
async function serve(
  parts: Partial<HttpServerDeps> = {},
): Promise<{ address: string; open: () => void; held: () => number }> {
  let held = 0
  const { promise: gate, resolve: open } = deferred()
  const ok = { httpStatus: 200, text: '{}' } as const
  const routes: readonly Route[] = [
    { method: 'GET', path: '/healthcheck', who: 'anyone', handle: () => ok },
    { method: 'GET', path: '/large', who: 'anyone', handle: () => ({ ...ok, text: LARGE }) },
    {
      method: 'GET',
      path: '/slow',
      who: 'anyone',
      handle: () => {
        held += 1
        return gate.then(() => ok)
      },
    },
    { method: 'POST', path: '/body', who: 'anyone', handle: () => ok },
  ]
  const server = createHttpServer({
    host: '0.0.0.0',
    port: 0,
    routes,
    maxConnections: MOST,
    stopLimitMs: 100,
    idleGraceMs: 10,
    authenticator: { authenticate: () => Promise.reject(new Error('nobody is asked')) },
    envelopes: createEnvelopeWriter({ version: '', commit: '', build: '' }),
    log: createLog({ level: 'fatal', isTerminal: false }),
    ...parts,
  })
  const address = await server.start()
  onTestFinished(async () => {
    open()
    await server.stop()
  })
  return { address, open, held: () => held }
}

/** Status of a probe on a connection of its own, and how long it took. */
function probe(
  address: string,
  localAddress = '127.0.0.1',
): Promise<{ status: number | undefined; isPrompt: boolean }> {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    request(`${address}/v3/notifications/healthcheck`, { agent: false, localAddress }, (response) => {
      response
        .resume()
        .once('end', () => resolve({ status: response.statusCode, isPrompt: performance.now() - start < PROBE_MS }))
    })
      .once('error', reject)
      .end()
  })
}

const SERVED = { status: 200, isPrompt: true }
const head = (method: string, path: string, more = '') =>
  `${method} /v3/notifications${path} HTTP/1.1\r\nHost: x\r\n${more}`
const isOpen = ({ socket }: RawConnection) => !socket.destroyed
const openAll = (count: number, address: string, bytes = '', localAddress = '127.0.0.1') =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const connection = await openRaw(address, localAddress)
      if (bytes.includes('/large')) connection.socket.pause()
      if (bytes !== '') connection.socket.write(bytes)
      return connection
    }),
  )

test.each([
  ['say nothing', '', ''],
  ['have sent half a head', head('GET', '/healthcheck', 'X-A: '), ''],
  ['were answered and stay', `${head('GET', '/healthcheck')}\r\n`, '200'],
  ['have sent half a body where no route is', `${head('POST', '/nowhere', 'Content-Length: 60000\r\n')}\r\n{`, '404'],
  ['do not read a large answer', `${head('GET', '/large')}\r\n`, ''],
])('connections that %s make room for probes', async (_what, bytes, status) => {
  const { address } = await serve()
  const connections = await openAll(MOST, address, bytes)
  if (status !== '') await expect.poll(() => connections.every(({ answers }) => answers().length === 1)).toBe(true)
  for (let count = 0; count < 3 * MOST; count += 1) expect(await probe(address)).toEqual(SERVED)
})

test('of too many connections the newest stay, and probes are served all the time', async () => {
  const { address } = await serve()
  const connections: RawConnection[] = []
  for (let count = 0; count < 10; count += 1) {
    connections.push(...(await openAll(MOST, address)))
    expect(await probe(address)).toEqual(SERVED)
  }
  await expect.poll(() => connections.filter(isOpen).length).toBeLessThanOrEqual(MOST)
  expect(connections.slice(0, -MOST).filter(isOpen)).toEqual([])
})

test('requests in progress go on: the peer with most idle connections loses the longest idle one', async () => {
  const { address, open, held } = await serve()
  const modest = await openAll(2, address, '', '127.0.0.2')
  const working = await openAll(3, address, `${head('GET', '/slow')}\r\n`, '127.0.0.3')
  await expect.poll(held).toBe(3)
  const greedy = await openAll(3, address, '', '127.0.0.4')
  await openAll(1, address, '', '127.0.0.5')
  // The one with three requests holds as many, but none that is idle.
  await expect.poll(() => greedy.map(isOpen)).toEqual([false, true, true])
  expect([...modest, ...working].every(isOpen)).toBe(true)
  open()
  await expect
    .poll(() => working.map(({ answers }) => answers().map(({ status }) => status)))
    .toEqual([[200], [200], [200]])
})

test('a connection that has just had a response counts as younger than one that was idle before', async () => {
  const { address } = await serve()
  const [first, ...others] = await openAll(MOST, address)
  first?.socket.write(`${head('GET', '/healthcheck')}\r\n`)
  await expect.poll(() => first?.answers().length).toBe(1)
  expect(await probe(address)).toEqual(SERVED)
  await expect.poll(() => others.filter(isOpen).length).toBe(MOST - 2)
  expect(first?.socket.destroyed).toBe(false)
})

test('when every connection carries a request, a new one is closed, and none of the others is', async () => {
  const { address, open, held } = await serve()
  const working = await openAll(MOST, address, `${head('GET', '/slow')}\r\n`)
  await expect.poll(held).toBe(MOST)
  await expect(probe(address)).rejects.toThrow()
  open()
  await expect.poll(() => working.every(({ answers }) => answers()[0]?.status === 200)).toBe(true)
  expect(await probe(address)).toEqual(SERVED)
})

test('connections of a trusted proxy stay while anybody else has an idle one', async () => {
  const { address } = await serve({ trustedProxies: ['127.0.0.9/32'] })
  const proxied = await openAll(MOST - 1, address, '', '127.0.0.9')
  const [other] = await openAll(1, address)
  expect(await probe(address)).toEqual(SERVED)
  await expect.poll(() => other?.socket.destroyed).toBe(true)
  expect(proxied.every(isOpen)).toBe(true)
})

test('when there are only proxies, the most idle one goes', async () => {
  const { address } = await serve({ trustedProxies: ['127.0.0.0/8'] })
  const [oldest, ...others] = await openAll(MOST, address)
  expect(await probe(address)).toEqual(SERVED)
  await expect.poll(() => oldest?.socket.destroyed).toBe(true)
  expect(others.every(isOpen)).toBe(true)
})
