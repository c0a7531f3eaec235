import { expect, test, vi } from 'vitest'
import { sql } from '@tidings/server/db/sql.ts'
import { expectAllDelivered, startLoad } from './support/load.ts'
import { createSiteProcesses } from './support/site-processes.ts'

const PASSED = /^Ready check passed\. Count: \d+ CheckTenants:PASS CheckJWT:PASS CheckDB:PASS CheckMessageBroker:PASS CheckDispatcher:PASS$/
const NO_DISPATCHER = /^Readiness Dispatcher check failed\. Check number: \d+ CheckTenants:PASS CheckJWT:PASS CheckDB:PASS CheckMessageBroker:PASS CheckDispatcher:FAIL $/

const site = createSiteProcesses()

function readiness(status: number, words: RegExp): Promise<void> {
  return vi.waitFor(async () => {
    expect(await site.operator.readiness()).toEqual({ status, result: expect.stringMatching(words) as string })
  }, { timeout: 20_000, interval: 50 })
}

test('an api without a dispatcher takes events and says that they wait; a dispatcher delivers them', async () => {
  const api = await site.startApi()
  await readiness(503, NO_DISPATCHER)
  await site.operator.subscribe()
  const load = startLoad(site.operator.client)
  await load.acknowledge(100)
  await load.stop()
  expect(load.refusals).toEqual([])
  expect(site.operator.receiver.received).toEqual([])

  const dispatcher = await site.startDispatcher()
  expect(site.operator.output).toEqual([`ready ${api.url}`, 'ready dispatcher'])
  await expectAllDelivered(load, site.operator.receiver)
  await readiness(200, PASSED)

  expect(await dispatcher.end('SIGTERM')).toBe(0)
  await readiness(503, NO_DISPATCHER)
  expect(await api.end('SIGTERM')).toBe(0)
  expect(site.operator.alarms()).toEqual([])
})

test('an idle dispatcher hears of an event at once, before it would have looked by itself', async () => {
  await site.startApi()
  await site.startDispatcher()
  await site.operator.subscribe()
  const listening = () => site.database.query(sql`select from pg_stat_activity where datname = current_database() and application_name = 'tidings listen' and query ilike 'listen%' and state = 'idle'`)
  await vi.waitFor(async () => {
    expect(await listening()).toHaveLength(1)
  }, { timeout: 20_000, interval: 50 })
  const delaysMs: number[] = []
  for (let count = 1; count <= 12; count += 1) {
    const load = startLoad(site.operator.client, { publishers: 1, events: 1 })
    await load.acknowledge(1)
    const acknowledgedAt = performance.now()
    await site.operator.receiver.take(1)
    delaysMs.push(performance.now() - acknowledgedAt)
    await load.stop()
  }
  // By polling alone, each 250 ms at best, the median would be 125 ms.
  expect(delaysMs.toSorted((a, b) => a - b)[5], delaysMs.map(Math.round).join()).toBeLessThan(60)
})

test('a second dispatcher takes over within 5 s after kill -9 of the first, nothing is lost, order is kept', async () => {
  await site.startApi()
  const first = await site.startDispatcher()
  await site.startDispatcher()
  await site.operator.subscribe()
  const load = startLoad(site.operator.client, { pauseMs: 25 })
  await load.acknowledge(200)
  await first.end('SIGKILL')
  const killedAt = performance.now()
  await vi.waitFor(async () => {
    const owned = await site.database.query(sql`select from partition where owner in (select id from dispatcher where address not like ${`% ${first.pid} %`} and lease_until > clock_timestamp())`)
    expect(owned).toHaveLength(32)
  }, { timeout: 20_000, interval: 20 })
  const takenOverMs = performance.now() - killedAt
  await load.acknowledge(200)
  await load.stop()
  await expectAllDelivered(load, site.operator.receiver)
  expect(load.refusals).toEqual([])
  expect(takenOverMs).toBeGreaterThan(2000)
  expect(takenOverMs).toBeLessThan(5500)
  await readiness(200, PASSED)
  expect(site.operator.alarms()).toEqual([])
})

test('a dispatcher that ends politely hands over at once', async () => {
  await site.startApi()
  const first = await site.startDispatcher()
  await site.startDispatcher()
  await site.operator.subscribe()
  const load = startLoad(site.operator.client, { pauseMs: 25 })
  await load.acknowledge(100)
  expect(await first.end('SIGTERM')).toBe(0)
  const endedAt = performance.now()
  await vi.waitFor(async () => {
    expect(await site.database.query(sql`select from partition where owner in (select id from dispatcher)`)).toHaveLength(32)
  }, { timeout: 20_000, interval: 20 })
  expect(performance.now() - endedAt).toBeLessThan(2000)
  await load.stop()
  await expectAllDelivered(load, site.operator.receiver)
  expect(load.refusals).toEqual([])
})

test('a dispatcher survives that the server ends all its connections, and goes on', async () => {
  await site.startApi()
  const dispatcher = await site.startDispatcher()
  await site.operator.subscribe()
  const load = startLoad(site.operator.client)
  await load.acknowledge(50)
  const { length } = await site.database.query(sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and application_name like 'tidings %'`)
  expect(length).toBeGreaterThan(4)
  await load.acknowledge(100)
  await load.stop()
  await expectAllDelivered(load, site.operator.receiver)
  await readiness(200, PASSED)
  expect(await dispatcher.end('SIGTERM')).toBe(0)
  expect(site.operator.alarms()).toEqual([])
})
