import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { hostileAddresses } from './support/hostile-addresses.ts'
import { eventually } from './support/service-fixtures.ts'
import { callersOf, startTwoSites, type TwoSites } from './support/two-sites.ts'
import { countNotifications, storedNotifications, untriedSubscriptions } from './support/stored-state.ts'

let sites: TwoSites
beforeAll(async () => {
  sites = await startTwoSites({ TIDINGS_RETRY_DELAYS_S: '3600' })
})
afterAll(() => sites.stop())

/** Listens at a port of all these addresses. Returns the port, and what came to it. */
async function listenEverywhere(): Promise<{ port: number; hits: string[] }> {
  const hits: string[] = []
  const listen = (host: string, port: number) =>
    new Promise<Server>((resolve, reject) => {
      const server = createServer((socket) => {
        hits.push(host)
        socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      })
      server.once('error', reject).listen({ host, port, ipv6Only: true }, () => resolve(server))
      onTestFinished(() => new Promise<void>((done) => void server.close(() => done())))
    })
  const address = (await listen('127.0.0.1', 0)).address()
  const port = typeof address === 'object' && address ? address.port : 0
  for (const host of ['127.9.9.9', '::1']) await listen(host, port)
  return { port, hits }
}

async function ask(path: string, body: object): Promise<number> {
  const response = await fetch(`${sites.url}/v3/notifications${path}`, {
    method: 'POST',
    headers: { ...callersOf(sites).service('ta', 'bob'), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  await response.text()
  return response.status
}

test('no spelling of an address leads a webhook to this machine, its network or its provider', async () => {
  const { port, hits } = await listenEverywhere()
  const addresses = hostileAddresses({
    port,
    own: Number(new URL(sites.url).port),
    database: Number(new URL(sites.db.url).port),
  })
  let accepted = 0
  for (const [index, deliveryAddress] of addresses.entries()) {
    const status = await ask('/subscriptions', {
      name: `n${index}`,
      typeFilter: 'jobs.*.*',
      subjectFilter: 's',
      deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress }],
    })
    expect([201, 400], deliveryAddress).toContain(status)
    if (status === 201) accepted += 1
  }
  expect(addresses.length).toBeGreaterThan(150)
  expect(accepted).toBeGreaterThan(80)
  expect(
    await ask('/events/publish', { source: 's', type: 'jobs.a.b', timestamp: '2026-01-01T00:00:00Z', subject: 's' }),
  ).toBe(200)
  await eventually(() => storedNotifications(sites.db)).toHaveLength(accepted)
  await eventually(() => untriedSubscriptions(sites.db)).toEqual([])
  expect(hits).toEqual([])
  expect(await countNotifications(sites.db)).not.toHaveProperty('delivered')
})
