import { expect, test, vi } from 'vitest'
import type { ServiceProcess } from '@tidings/harness/service-process.ts'
import { expectAllDelivered, startLoad } from './support/load.ts'
import type { Operator } from './support/operator.ts'
import { createServiceProcesses } from './support/service-processes.ts'
import { hasConnection, waitForShares } from './support/partition-shares.ts'
import { eventually } from './support/service-fixtures.ts'
import { countPartitionsOfOthers, refuseDispatchers, storedNotifications } from './support/stored-state.ts'

const site = createServiceProcesses(() => ({ TIDINGS_CANARY_INTERVAL_S: '0' }))

async function startWithDispatchers(count: number): Promise<ServiceProcess[]> {
  await site.operator.start({ env: { TIDINGS_ROLE: 'api' } })
  const dispatchers: ServiceProcess[] = []
  for (let index = 0; index < count; index += 1) dispatchers.push(await site.startDispatcher())
  await site.operator.subscribe()
  return dispatchers
}

const uuidsOf = ({ receiver }: Operator) => receiver.received.map(({ notification }) => notification.uuid)

test('under load partitions are even within 10 s of a join or leave, in order, nothing lost or twice', async () => {
  const [first] = await startWithDispatchers(1)
  const load = startLoad(site.operator.client, { pauseMs: 20 })
  await load.waitForAcknowledged(100)
  const second = await site.startDispatcher()
  const third = await site.startDispatcher()
  const joinedMs = await waitForShares(site.database, [10, 11, 11], performance.now())
  await load.waitForAcknowledged(200)
  const leftAt = performance.now()
  expect(await Promise.all([first?.end('SIGTERM'), second.end('SIGTERM')])).toEqual([0, 0])
  const endedAt = performance.now()
  const leftMs = await waitForShares(site.database, [32], leftAt)
  const handedOverMs = performance.now() - endedAt
  await load.waitForAcknowledged(200)
  await load.stop()
  await expectAllDelivered(load, site.operator.receiver)
  expect(load.refusals).toEqual([])
  expect(new Set(uuidsOf(site.operator)).size, 'without a fault there are no duplicates').toBe(
    uuidsOf(site.operator).length,
  )
  expect(site.operator.alarms()).toEqual([])
  expect(await third.end('SIGTERM')).toBe(0)
  expect(joinedMs, `even ${joinedMs} ms after the third had joined`).toBeLessThan(10_000)
  expect(leftMs, `even ${leftMs} ms after two were told to stop`).toBeLessThan(10_000)
  expect(handedOverMs, 'nobody waits for a lease to end').toBeLessThan(2000)
})

test('partitions of a killed dispatcher go evenly to the others within 5 s', async () => {
  const [, , third] = await startWithDispatchers(3)
  await waitForShares(site.database, [10, 11, 11], performance.now())
  const load = startLoad(site.operator.client, { pauseMs: 20 })
  await load.waitForAcknowledged(200)
  const killedAt = performance.now()
  await third?.end('SIGKILL')
  const takenOverMs = await waitForShares(site.database, [16, 16], killedAt)
  await load.waitForAcknowledged(200)
  await load.stop()
  await expectAllDelivered(load, site.operator.receiver)
  expect(load.refusals).toEqual([])
  expect(site.operator.alarms()).toEqual([])
  expect(takenOverMs, 'the lease of the killed one is waited for').toBeGreaterThan(2000)
  expect(takenOverMs, `even ${takenOverMs} ms after the kill`).toBeLessThan(5500)
})

test('a stopped dispatcher is replaced within 6 s; when it goes on it writes nothing and sends nothing', async () => {
  const [stopped] = await startWithDispatchers(2)
  if (!stopped) throw new Error('no dispatcher')
  await waitForShares(site.database, [16, 16], performance.now())
  // Half of its requests stay in flight until it is stopped. All others are rejected for now, so that they are
  // tried again and again.
  const receiverPort = Number(new URL(site.operator.receiver.url('/')).port)
  const answerLater: (() => void)[] = []
  const lateRequests: unknown[] = []
  let isRefusing = true
  let isAwake = false
  site.operator.receiver.decide(({ remotePort, notification }, response) => {
    if (!isRefusing) return undefined
    if (!hasConnection(stopped.pid, remotePort, receiverPort)) return 500
    if (isAwake) lateRequests.push(notification)
    if (Number(notification.event.subject?.split('/')[1]) % 2 === 0) return 500
    answerLater.push(() => response.writeHead(200).end())
    return 'withheld'
  })
  const load = startLoad(site.operator.client, { publishers: 32, events: 4 })
  await load.stop()
  await eventually(() => answerLater.length).toBeGreaterThan(2)
  const stoppedAt = performance.now()
  stopped.signal('SIGSTOP')
  const takenOverMs = await vi.waitFor(
    async () => {
      const owned = await countPartitionsOfOthers(site.database, stopped.pid)
      if (owned < 32) throw new Error(`${owned} partitions are with the other`)
      return Math.round(performance.now() - stoppedAt)
    },
    { timeout: 20_000, interval: 20 },
  )
  for (const answer of answerLater) answer()
  // It may not come back, so whatever it still does is done without a lease.
  await refuseDispatchers(site.database)
  isAwake = true
  stopped.signal('SIGCONT')
  await eventually(() =>
    site.operator.log.some(
      (line) => line.includes('"partitions lost to another process"') && line.includes(`"pid":${stopped.pid},`),
    ),
  ).toBe(true)
  expect(await stopped.end('SIGTERM')).toBe(0)
  expect(lateRequests, 'sent after it was replaced').toEqual([])
  const notifications = await storedNotifications(site.database)
  expect(
    notifications.filter(({ state }) => state !== 'waiting'),
    'written after it was replaced',
  ).toEqual([])
  isRefusing = false
  await expectAllDelivered(load, site.operator.receiver)
  expect(takenOverMs, `replaced ${takenOverMs} ms after it was stopped`).toBeLessThan(6500)
})
