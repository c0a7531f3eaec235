import type { RabbitMqNode } from '@tidings/harness/rabbitmq-node.ts'
import type { ServiceProcess } from '@tidings/harness/service-process.ts'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { batchItem, tryToPublishBatch } from './support/event-batches.ts'
import { createOperator } from './support/operator.ts'
import { dataOf, numbersOf } from './support/service-fixtures.ts'
import { hasRabbitMq, startOwnRabbitMq } from './support/test-rabbitmq.ts'

const PUBLISHERS = 3
const BATCHES = 12
const SERIES_EVENTS = 20
/** Of the first publisher: the service is killed while these are on their way. */
const KILLED_BATCHES = [2, 5, 8]

let node: RabbitMqNode | undefined

beforeAll(async () => {
  if (hasRabbitMq) node = await startOwnRabbitMq()
})

afterAll(() => node?.remove())

const range = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Events of two series in turn, each with a key of its own. */
const batchOf = (publisher: number, batch: number) =>
  range(2 * SERIES_EVENTS).map((n) => {
    const data = `${batch * SERIES_EVENTS + Math.floor(n / 2)}`
    const seriesId = `${publisher} ${n % 2}`
    return batchItem({ seriesId, data }, `${seriesId} ${data}`)
  })

describe.each([
  ['the database as broker', true, () => ({})],
  ['RabbitMQ', hasRabbitMq, () => ({ BROKER_URL: node?.url })],
] as const)('with %s', (_name, isThere, env) => {
  test.skipIf(!isThere)(
    'batches that are repeated over kill -9 until they are acknowledged arrive in order, each event once',
    { timeout: 180_000 },
    async () => {
      const operator = await createOperator(env())
      onTestFinished(() => operator.cleanUp())
      const toKill = new Set(KILLED_BATCHES)
      let cutOff = 0
      let running: Promise<ServiceProcess> = operator.start()
      await running
      await operator.subscribe()

      async function killAndStart(service: ServiceProcess): Promise<ServiceProcess> {
        service.signal('SIGKILL')
        await service.ended
        return operator.start()
      }

      async function publishAll(publisher: number): Promise<void> {
        for (const batch of range(BATCHES)) {
          for (let isStored = false; !isStored;) {
            const service = await running
            const sending = tryToPublishBatch(operator, batchOf(publisher, batch)).catch(() => undefined)
            // Amid the batches of all publishers.
            if (publisher === 0 && toKill.delete(batch)) {
              running = killAndStart(service)
            }
            const answer = await sending
            if (answer === undefined) cutOff += 1
            isStored = answer?.status === 200 && answer.result?.failedCount === 0
          }
        }
      }

      await Promise.all(range(PUBLISHERS).map(publishAll))
      expect(cutOff).toBeGreaterThan(0)
      const total = PUBLISHERS * BATCHES * SERIES_EVENTS * 2
      const uuids = () => new Set(operator.receiver.received.map(({ notification }) => notification.uuid))
      await operator.receiver.waitFor((received) => received.length >= total && uuids().size >= total, 60_000)
      const seen = new Set<string>()
      const arrivals = operator.receiver.received.filter(({ notification: { uuid } }) => {
        const isFirst = !seen.has(uuid)
        seen.add(uuid)
        return isFirst
      })
      expect(arrivals).toHaveLength(total)
      for (const seriesId of range(PUBLISHERS).flatMap((publisher) => [`${publisher} 0`, `${publisher} 1`])) {
        const own = arrivals.filter(({ notification }) => notification.event.seriesId === seriesId)
        const expected = range(BATCHES * SERIES_EVENTS)
        expect(dataOf(own)).toEqual(expected.map(String))
        expect(numbersOf(own)).toEqual(expected.map((n) => n + 1))
      }
    },
  )
})
