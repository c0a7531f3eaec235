import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { postgresTree } from '@tidings/harness/fleet/postgres-tree.ts'
import type { ServiceProcess } from '@tidings/harness/service-process.ts'
import { isRunning } from './support/embedded-process.ts'
import { expectAllDelivered, startLoad, type Load } from './support/load.ts'
import { createOperator, type Operator } from './support/operator.ts'

/** One data directory goes through all of this file, so each test starts on what the one before has left. */
let operator: Operator
let service: ServiceProcess

beforeAll(async () => {
  operator = await createOperator()
  service = await operator.start({ ownGroup: true })
  await operator.subscribe()
})

afterAll(async () => {
  await operator.cleanUp()
})

const countLog = (words: string) => operator.log.filter((line) => line.includes(words)).length

function ready(deadlineMs = 10_000): Promise<void> {
  return vi.waitFor(
    async () => {
      expect(await operator.readiness()).toMatchObject({ status: 200 })
    },
    { timeout: deadlineMs, interval: 50 },
  )
}

const statusesOf = ({ refusals }: Load) => [...new Set(refusals.map(({ status }) => status))]

test.each([
  [
    'kill -9 of the node process',
    () => {
      service.signal('SIGKILL')
    },
  ],
  [
    'kill -9 of the process group',
    () => {
      service.signalGroup('SIGKILL')
    },
  ],
])('after %s under load a start adopts the orphaned postgres, and everything arrives at once', async (_what, kill) => {
  const load = startLoad(operator.client)
  await load.waitForAcknowledged(100)
  const orphan = await service.postgresPid()
  kill()
  await service.ended
  await load.stop()
  expect(await isRunning(orphan)).toBe(true)
  const killedAt = performance.now()
  service = await operator.start({ ownGroup: true })
  expect(await service.postgresPid()).toBe(orphan)
  expect(operator.log.filter((line) => line.includes('"postgres is running"')).at(-1)).toContain('"isAdopted":true')
  const readyAt = performance.now()
  await expectAllDelivered(load, operator.receiver)
  expect(performance.now() - readyAt, 'waited for leases of the dead').toBeLessThan(2500)
  expect(readyAt - killedAt).toBeLessThan(10_000)
})

test('after kill -9 of the postmaster under load publishers see only 503; the service recovers itself', async () => {
  const load = startLoad(operator.client)
  await load.waitForAcknowledged(100)
  const killed = await service.postgresPid()
  process.kill(killed, 'SIGKILL')
  await vi.waitFor(
    () => {
      expect(countLog('"postgres is running again"')).toBe(1)
    },
    { timeout: 20_000, interval: 20 },
  )
  await load.waitForAcknowledged(100)
  await load.stop()
  expect(await service.postgresPid()).not.toBe(killed)
  expect(statusesOf(load).filter((status) => status !== 503)).toEqual([])
  await expectAllDelivered(load, operator.receiver)
  await ready()
})

test('a database that is stopped for 6 s causes 503s within 5 s each, and everything goes on afterwards', async () => {
  const load = startLoad(operator.client)
  await load.waitForAcknowledged(100)
  const stopped = await postgresTree(await service.postgresPid())
  const stoppedAt = performance.now()
  for (const pid of stopped) process.kill(pid, 'SIGSTOP')
  try {
    await load.waitForRefused(8)
    expect(await operator.readiness()).toMatchObject({
      status: 503,
      result: expect.stringContaining('CheckDB:FAIL ') as string,
    })
    expect(await operator.client.call('GET', '/healthcheck')).toMatchObject({ status: 200 })
    // Longer than the lease lasts: the dispatcher has to find that out for itself.
    await vi.waitFor(
      () => {
        expect(performance.now() - stoppedAt).toBeGreaterThan(6000)
      },
      { timeout: 7000, interval: 50 },
    )
  } finally {
    for (const pid of stopped) process.kill(pid, 'SIGCONT')
  }
  await load.waitForAcknowledged(100)
  await load.stop()
  expect(statusesOf(load)).toEqual([503])
  expect(Math.max(...load.refusals.map(({ afterMs }) => afterMs))).toBeLessThan(5000)
  expect(
    load.refusals.filter(({ code }) => !['NTFAPI_EVENT_POST_ERR', 'NTFAPI_PUBLISH_UNKNOWN'].includes(code)),
  ).toEqual([])
  await expectAllDelivered(load, operator.receiver)
  await ready()
  expect(operator.alarms()).toEqual([])
})

test('what the kills have left stops gracefully, and the log has raised no alarm', async () => {
  const postgres = await service.postgresPid()
  expect(await service.end('SIGTERM')).toBe(0)
  await service.ended
  expect(await isRunning(postgres)).toBe(false)
  expect(operator.alarms()).toEqual([])
})
