import { expect, test, vi } from 'vitest'
import { sql } from '@tidings/server/db/sql.ts'
import { expectAllDelivered, startLoad } from './support/load.ts'
import { createServiceProcesses } from './support/service-processes.ts'
import { terminateSessions } from './support/database-sessions.ts'

const PASSED =
  /^Ready check passed\. Count: \d+ CheckTenants:PASS CheckJWT:PASS CheckDB:PASS CheckMessageBroker:PASS CheckDispatcher:PASS$/
const NO_DISPATCHER =
  /^Readiness Dispatcher check failed\. Check number: \d+ CheckTenants:PASS CheckJWT:PASS CheckDB:PASS CheckMessageBroker:PASS CheckDispatcher:FAIL $/

const site = createServiceProcesses()

function readiness(status: number, words: RegExp): Promise<void> {
  return vi.waitFor(
    async () => {
      expect(await site.operator.readiness()).toEqual({ status, result: expect.stringMatching(words) as string })
    },
    { timeout: 20_000, interval: 50 },
  )
}

test('an api without a dispatcher accepts events and says that they wait; a dispatcher delivers them', async () => {
  const api = await site.startApi()
  await readiness(503, NO_DISPATCHER)
  await site.operator.subscribe()
  const load = startLoad(site.operator.client)
  await load.waitForAcknowledged(100)
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

test('an idle dispatcher is notified of an event at once, before its next poll', async () => {
  await site.startApi()
  await site.startDispatcher()
  await site.operator.subscribe()
  const listening = () =>
    site.database.query(
      sql`select from pg_stat_activity where datname = current_database() and application_name = 'tidings listen'
        and query ilike 'listen%' and state = 'idle'`,
    )
  await vi.waitFor(
    async () => {
      expect(await listening()).toHaveLength(1)
    },
    { timeout: 20_000, interval: 50 },
  )
  const delaysMs: number[] = []
  for (let count = 1; count <= 12; count += 1) {
    const load = startLoad(site.operator.client, { publishers: 1, events: 1 })
    await load.waitForAcknowledged(1)
    const acknowledgedAt = performance.now()
    await site.operator.receiver.take(1)
    delaysMs.push(performance.now() - acknowledgedAt)
    await load.stop()
  }
  // By polling alone, each 250 ms at best, the median would be 125 ms.
  expect(delaysMs.toSorted((a, b) => a - b)[5], delaysMs.map(Math.round).join()).toBeLessThan(60)
})

test('a dispatcher survives when the server ends all its connections, and goes on', async () => {
  await site.startApi()
  const dispatcher = await site.startDispatcher()
  await site.operator.subscribe()
  const load = startLoad(site.operator.client)
  await load.waitForAcknowledged(50)
  expect(await terminateSessions(site.database, 'tidings %')).toBeGreaterThan(4)
  await load.waitForAcknowledged(100)
  await load.stop()
  await expectAllDelivered(load, site.operator.receiver)
  await readiness(200, PASSED)
  expect(await dispatcher.end('SIGTERM')).toBe(0)
  expect(site.operator.alarms()).toEqual([])
})
