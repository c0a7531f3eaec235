import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RabbitMqNode } from '@tidings/harness/rabbitmq-node.ts'
import type { ServiceProcess } from '@tidings/harness/service-process.ts'
import { expectAllDelivered, startLoad } from './support/load.ts'
import { createFailoverClient } from './support/failover-client.ts'
import { hasRabbitMq, startOwnRabbitMq } from './support/test-rabbitmq.ts'
import { createServiceProcesses } from './support/service-processes.ts'

describe('over the database', () => restartsUnnoticed())

describe.runIf(hasRabbitMq)('over RabbitMQ', () => {
  let node: RabbitMqNode | undefined
  beforeAll(async () => {
    node = await startOwnRabbitMq()
  })
  afterAll(() => node?.remove())
  restartsUnnoticed(() => ({ BROKER_URL: node?.url ?? '' }))
})

function restartsUnnoticed(env?: () => Record<string, string>): void {
  const site = createServiceProcesses(env)

  test(
    'every process is restarted under load: publishers that switch when a connection is refused see no error, everything arrives once and in order',
    { timeout: 180_000 },
    async () => {
      const apis = [await site.startApi(), await site.startApi()]
      const dispatchers = [await site.startDispatcher(), await site.startDispatcher()]
      await site.operator.subscribe()
      const doors = createFailoverClient(() => apis.map(({ url }) => url), site.operator.token)
      const load = startLoad(doors.client, { publishers: 16, pauseMs: 50 })

      /** As an orchestrator rolls: the next one goes when the one before is back. */
      async function roll(processes: ServiceProcess[], start: () => Promise<ServiceProcess>): Promise<void> {
        for (const [index, old] of [...processes.entries()]) {
          await load.waitForAcknowledged(100)
          expect(await old.end('SIGTERM')).toBe(0)
          processes[index] = await start()
        }
      }

      await roll(apis, site.startApi)
      await roll(dispatchers, site.startDispatcher)
      await roll(apis, site.startApi)
      await load.waitForAcknowledged(200)
      await load.stop()
      await expectAllDelivered(load, site.operator.receiver)

      const p99Ms = quantile(doors.publishMs, 0.99)
      console.log(
        `rolling restart: ${load.acknowledged.length} published, ${doors.refused} connections refused, ${doors.reset} reset before any byte, publishes p50 ${quantile(doors.publishMs, 0.5)} ms, p99 ${p99Ms} ms, longest ${quantile(doors.publishMs, 1)} ms`,
      )
      expect(load.refusals).toEqual([])
      expect(
        new Set(site.operator.receiver.received.map(({ notification }) => notification.uuid)).size,
        'something came twice',
      ).toBe(site.operator.receiver.received.length)
      expect(site.operator.receiver.received).toHaveLength(load.acknowledged.length)
      expect(doors.refused, 'no restart was met').toBeGreaterThan(0)
      expect(p99Ms).toBeLessThan(3000)
      expect(site.operator.alarms()).toEqual([])
      await doors.close()
    },
  )
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0)
}
