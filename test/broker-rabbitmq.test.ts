import type { RabbitMqNode } from '@tidings/harness/rabbitmq-node.ts'
import { startReceiver } from '@tidings/harness/receiver.ts'
import { queueNamesOf } from '@tidings/server/broker/rabbitmq/queue-names.ts'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startAppForTest, tryToPublish, type TestApp, type TestAppOptions } from './support/test-app.ts'
import type { TestDatabase } from './support/test-database.ts'
import { expectAllDelivered, startLoad, type Load } from './support/load.ts'
import { createOperator } from './support/operator.ts'
import { hasRabbitMq, listed, startOwnRabbitMq } from './support/test-rabbitmq.ts'
import { eventually } from './support/service-fixtures.ts'
import { storedInstallation } from './support/stored-state.ts'

/** Within this a publisher has its response, whatever happens (docs/architecture.md, Publish). */
const ANSWER_MS = 5000

let node: RabbitMqNode

beforeAll(async () => {
  if (hasRabbitMq) node = await startOwnRabbitMq()
})

afterAll(async () => {
  if (hasRabbitMq) await node.remove()
})

const start = ({ env, ...options }: TestAppOptions = {}) =>
  startAppForTest({ ...options, env: { BROKER_URL: node.url, ...env } })

/** The status of readycheck, what it found, and the message that says why. */
async function readiness({ client }: TestApp) {
  const { status, body } = await client.call('GET', '/readycheck')
  return { status, result: String(body?.result), message: body?.message ?? '' }
}

const NOT_READY = { status: 503, result: expect.stringContaining('CheckMessageBroker:FAIL') as string }

const queueOf = async (app: { db: TestDatabase }, partition: number) =>
  queueNamesOf((await storedInstallation(app.db)).id).queueOf(partition)

function expectAnswersOfAnOutage({ refusals }: Load): void {
  expect(Math.max(...refusals.map(({ afterMs }) => afterMs))).toBeLessThan(ANSWER_MS)
  expect(
    refusals
      .map(({ status, code }) => `${status} ${code}`)
      .filter((answer) => !/^503 NTFAPI_(EVENT_POST_ERR|PUBLISH_UNKNOWN)$/.test(answer)),
  ).toEqual([])
}

describe.skipIf(!hasRabbitMq)('the service with RabbitMQ', () => {
  test('events come through 8 durable queues that only this installation uses, in order', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const app = await start()
    await app.subscribe({ addresses: [receiver.url()] })
    const load = startLoad(app.client, { events: 50 })
    await load.waitForAcknowledged(400)
    await expectAllDelivered(load, receiver)
    const name = `tidings.${(await storedInstallation(app.db)).id}`
    const queues = (await listed(node, 'list_queues', 'name', 'type', 'durable', 'arguments'))
      .filter((line) => line.startsWith(name))
      .sort()
    expect(queues.map((line) => line.split('\t', 3))).toEqual(
      [...Array.from({ length: 8 }, (_, partition) => partition), 'last'].map((end) => [
        `${name}.${end}`,
        'quorum',
        'true',
      ]),
    )
    expect(queues[0]).toContain(
      '[{"x-queue-type","quorum"},{"x-single-active-consumer",true},{"x-delivery-limit",2147483647}]',
    )
    expect(await readiness(app)).toMatchObject({ status: 200 })
  })

  test('a broker killed under load: 503 in time, readycheck says why, a start waits, nothing is lost', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const app = await start()
    await app.subscribe({ addresses: [receiver.url()] })
    const load = startLoad(app.client)
    await load.waitForAcknowledged(200)
    await node.kill()
    await load.waitForRefused(1)
    await vi.waitFor(
      async () => {
        expect(await readiness(app)).toMatchObject({
          ...NOT_READY,
          message: expect.stringContaining('MessageBroker not connected') as string,
        })
      },
      { timeout: 20_000, interval: 50 },
    )
    const late = await start()
    expect(await tryToPublish(late)).toMatchObject({ status: 503, code: 'NTFAPI_EVENT_POST_ERR' })
    expect(await readiness(late)).toMatchObject(NOT_READY)
    await node.start()
    await load.waitForAcknowledged(100)
    await load.stop()
    await expectAllDelivered(load, receiver)
    expectAnswersOfAnOutage(load)
    await eventually(() => tryToPublish(late)).toMatchObject({ status: 200 })
    for (const each of [app, late]) await eventually(() => readiness(each)).toMatchObject({ status: 200 })
  })

  test('a broker that is short of memory: 503 in time, readycheck says why, and events flow afterwards', async () => {
    const app = await start()
    const idle = await start({ db: app.db, env: { TIDINGS_ROLE: 'api' } })
    await eventually(() => readiness(idle)).toMatchObject({ status: 200 })
    await app.publish({})
    await node.rabbitmqctl('set_vm_memory_high_watermark', '0')
    const release = () => node.rabbitmqctl('set_vm_memory_high_watermark', '0.4')
    onTestFinished(() => release().then(() => undefined))
    await eventually(() => readiness(idle)).toMatchObject({
      ...NOT_READY,
      message: expect.stringMatching(/MessageBroker blocked: .*memory/) as string,
    })
    const answers = [await tryToPublish(app), await tryToPublish(app)]
    for (const { status, ms } of answers) {
      expect(status).toBe(503)
      expect(ms).toBeLessThan(ANSWER_MS)
    }
    expect(answers[1]?.code).toBe('NTFAPI_EVENT_POST_ERR')
    expect(await readiness(app)).toMatchObject({
      ...NOT_READY,
      message: expect.stringMatching(/MessageBroker blocked: .*memory/) as string,
    })
    const stoppedAt = performance.now()
    await idle.stop()
    expect(performance.now() - stoppedAt).toBeLessThan(3000)
    await release()
    await eventually(() => readiness(app)).toMatchObject({ status: 200 })
    await app.publish({})
  })

  test('a broker that hangs, or closes all connections, under load: responses in time, nothing is lost', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const app = await start()
    await app.subscribe({ addresses: [receiver.url()] })
    const load = startLoad(app.client, { pauseMs: 5 })
    await load.waitForAcknowledged(100)
    await node.rabbitmqctl('close_all_connections', 'maintenance')
    await load.waitForAcknowledged(100)
    node.pause()
    onTestFinished(() => node.resume())
    await load.waitForRefused(16)
    expect(await readiness(app)).toMatchObject({
      ...NOT_READY,
      message: expect.stringContaining('MessageBroker not connected') as string,
    })
    node.resume()
    await load.waitForAcknowledged(100)
    await load.stop()
    await expectAllDelivered(load, receiver)
    expectAnswersOfAnOutage(load)
  })

  test('a queue that is deleted under a running service is declared again: what got a 200 arrives', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const app = await start({ env: { TIDINGS_PARTITIONS: '2' } })
    await app.subscribe({ addresses: [receiver.url()] })
    const before = startLoad(app.client, { events: 10 })
    await before.waitForAcknowledged(80)
    await expectAllDelivered(before, receiver)
    for (const partition of [0, 1]) await node.rabbitmqctl('delete_queue', await queueOf(app, partition))
    const after = startLoad(app.client, { events: 10 })
    await after.waitForAcknowledged(80)
    await expectAllDelivered(after, receiver)
    await eventually(() => readiness(app)).toMatchObject({ status: 200 })
  })

  test('with the embedded database: kill -9 of the service loses nothing', async () => {
    const operator = await createOperator({ BROKER_URL: node.url })
    onTestFinished(() => operator.cleanUp())
    const first = await operator.start()
    await operator.subscribe()
    const load = startLoad(operator.client)
    await load.waitForAcknowledged(200)
    await first.end('SIGKILL')
    await operator.start()
    await load.waitForAcknowledged(100)
    await load.stop()
    await expectAllDelivered(load, operator.receiver)
    expect(operator.alarms()).toEqual([])
  })
})
