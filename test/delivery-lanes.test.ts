import { randomUUID } from 'node:crypto'
import { startReceiver, type Receiver } from '@tidings/harness/receiver.ts'
import { isLostOwnership } from '@tidings/server/db/fence.ts'
import type { Database } from '@tidings/server/db/database.ts'
import { findDueLanes, freezeLanes, readWaiting, thawLanes } from '@tidings/server/lanes/cold-lane-store.ts'
import { settleNotifications } from '@tidings/server/lanes/final-settlement-store.ts'
import { createWebhookNotifier } from '@tidings/server/delivery/webhook/webhook-notifier.ts'
import { DispatchFailed } from '@tidings/server/dispatch/batch.ts'
import { countStuckLanes } from '@tidings/server/recovery/stuck-lanes.ts'
import { required } from '@tidings/server/runtime/required.ts'
import { expect, test as base } from 'vitest'
import { dispatchTaken, finalOf, frozenLaneOf } from './support/core-steps.ts'
import { startLaneService, type LaneService } from './support/lane-service.ts'
import { dataOf, eventually, numbersOf } from './support/service-fixtures.ts'
import { createGate, openStepwiseService, type StepwiseService } from './support/stepwise-service.ts'
import { createTestWebhookSender } from './support/test-webhook-sender.ts'
import {
  countNotifications,
  setPartition,
  settles,
  storedAttempts,
  storedLanes,
  storedNotifications,
  storedProgress,
} from './support/stored-state.ts'

interface Fixtures {
  readonly steps: StepwiseService
  readonly receiver: Receiver
  /** Starts dispatch and delivery, perhaps with something done before the statements that write outcomes. */
  readonly run: (change?: {
    readonly settle?: () => Promise<void>
    readonly env?: Readonly<Record<string, string>>
  }) => LaneService
}

const test = base.extend<Fixtures>({
  steps: async ({}, use) => {
    const steps = await openStepwiseService()
    await use(steps)
    await steps.stop()
  },
  receiver: async ({}, use) => {
    const receiver = await startReceiver()
    await use(receiver)
    await receiver.close()
  },
  run: async ({ steps }, use) => {
    const webhooks = createTestWebhookSender()
    const sender = createWebhookNotifier(webhooks, () => new Date())
    const started: LaneService[] = []
    await use(({ settle, env = {} } = {}) => {
      const pools = settle ? { settle: withSettlements(steps.db, settle) } : {}
      const service = startLaneService(steps, { sender, pools, env })
      started.push(service)
      return service
    })
    await Promise.all(started.map((service) => service.stop()))
  },
})

/** The same database, with something done before each statement that writes outcomes. */
const withSettlements = (db: Database, before: () => Promise<void>): Database => ({
  ...db,
  async query(statement) {
    if (settles(statement)) await before()
    return db.query(statement)
  },
})

/** The one head that waits. */
async function onlyHead(steps: StepwiseService) {
  const [head, ...others] = await steps.heads()
  if (!head || others.length > 0) throw new Error(`expected one lane, there are ${others.length + (head ? 1 : 0)}`)
  return head
}

test('n+1 that is dispatched while the settlement of n is being written is sent after it, and not before', async ({
  steps,
  receiver,
  run,
}) => {
  await steps.subscribe(receiver.url())
  const mayWrite = createGate()
  const service = run({ settle: () => mayWrite.opened })
  await steps.publish({ data: 'n' })
  service.wake()
  await receiver.take(1)
  await steps.publish({ data: 'n+1' }, { data: 'other', seriesId: 'other' })
  service.wake()
  expect(dataOf(await receiver.take(1))).toEqual(['other'])
  expect(await countNotifications(steps.db)).toEqual({ waiting: 3 })
  mayWrite.open()
  expect(numbersOf(await receiver.take(1))).toEqual([2])
  await eventually(() => countNotifications(steps.db)).toEqual({ delivered: 3 })
  expect(await storedAttempts(steps.db)).toEqual([])
  expect(await storedLanes(steps.db)).toEqual([])
})

test('a lane that is postponed after it was found due is not read before its new time', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({})
  await steps.dispatch()
  const lane = await frozenLaneOf(steps, await onlyHead(steps))
  await freezeLanes(steps.db, steps.owned, [lane], [], [])
  const found = await findDueLanes(steps.db, 'WEBHOOK', [{ pair: lane, limit: 1 }])
  expect(await readWaiting(steps.db, steps.owned, found, 1)).toMatchObject([{ position: lane.firstPosition }])
  await freezeLanes(steps.db, steps.owned, [{ ...lane, attempts: 1, delayMs: 60_000 }], [], [])
  expect(found).toHaveLength(1)
  expect(await readWaiting(steps.db, steps.owned, found, 1)).toEqual([])
})

test('n+1 that is dispatched before the row of its settled lane goes keeps the row; after it, it has none', async ({
  steps,
}) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ data: 'n' })
  const [n] = await dispatchTaken(steps)
  const lane = await frozenLaneOf(steps, required(n, 'a notification'))
  await freezeLanes(steps.db, steps.owned, [lane], [], [])
  await settleNotifications(steps.db, steps.owned, [finalOf(required(n, 'a notification'))], [])
  await steps.publish({ data: 'n+1' })
  const [next] = await dispatchTaken(steps)
  expect(next).toMatchObject({ isCold: true })
  expect(await thawLanes(steps.db, steps.owned, [lane])).toEqual([])
  expect(await readWaiting(steps.db, steps.owned, [lane], 5)).toMatchObject([{ position: next?.position }])
  await settleNotifications(steps.db, steps.owned, [finalOf(required(next, 'a notification'))], [])
  expect(await thawLanes(steps.db, steps.owned, [lane])).toHaveLength(1)
  await steps.publish({ data: 'n+2' })
  expect(await dispatchTaken(steps)).toMatchObject([{ isCold: false }])
  expect(await countStuckLanes(steps.db)).toBe(0)
})

test('whatever is settled, retried and dispatched at once on few lanes, none is stuck and nothing is left', async ({
  steps,
  receiver,
  run,
}) => {
  const [events, series] = [120, 3]
  await steps.subscribe(receiver.url('/a'))
  await steps.subscribe(receiver.url('/b'))
  receiver.decide(() => (receiver.received.length % 5 === 0 ? 500 : 200))
  const service = run()
  let isOver = false
  let stuck = 0
  const watch = async () => {
    while (!isOver) stuck += await countStuckLanes(steps.db)
  }
  const watching = watch()
  for (let event = 0; event < events; event += 1) {
    await steps.publish({ seriesId: String(event % series) })
    service.wake()
  }
  await eventually(() => countNotifications(steps.db)).toEqual({ delivered: events * 2 })
  await eventually(() => storedLanes(steps.db)).toEqual([])
  isOver = true
  await watching
  expect(stuck).toBe(0)
  expect((await storedAttempts(steps.db)).length).toBeGreaterThan(20)
  const answered = receiver.received.filter(({ answeredStatus }) => answeredStatus === 200)
  for (const path of ['/a', '/b'])
    for (let id = 0; id < series; id += 1) {
      const ofLane = answered.filter(
        ({ path: at, notification }) => at === path && notification.event.seriesId === String(id),
      )
      expect(numbersOf(ofLane)).toEqual(Array.from({ length: events / series }, (_, index) => index + 1))
    }
})

test('after a retry that was delivered, the attempts of the next notification are counted from one', async ({
  steps,
  receiver,
  run,
}) => {
  await steps.subscribe(receiver.url())
  receiver.answers(500, 500, 200)
  // More than are read of a cold lane at once.
  await steps.publish(...Array.from({ length: 20 }, () => ({})))
  run()
  await eventually(() => countNotifications(steps.db)).toEqual({ delivered: 20 })
  const attempts = (await storedNotifications(steps.db)).map((one) => one.attempts)
  expect(attempts).toEqual([3, ...Array.from({ length: 19 }, () => 1)])
})

test('after a take-over, with all texts to be read, an address gets no more requests at once than it may', async ({
  steps,
  receiver,
  run,
}) => {
  await steps.subscribe(receiver.url())
  await steps.publish(...Array.from({ length: 40 }, (_, series) => ({ seriesId: String(series) })))
  await steps.dispatch()
  const mayAnswer = createGate()
  receiver.decide(async () => {
    await mayAnswer.opened
    return undefined
  })
  run({ env: { TIDINGS_SENDS_PER_ADDRESS: '4' } })
  await receiver.take(4)
  // Another address has its turn behind all that wait for this one.
  const other = await startReceiver()
  await steps.subscribe(other.url())
  await steps.publish({ seriesId: 'other' })
  await other.take(1)
  expect(receiver.received.length).toBeLessThanOrEqual(4)
  mayAnswer.open()
  await eventually(() => countNotifications(steps.db)).toEqual({ delivered: 42 })
  await other.close()
})

test('a settlement that comes twice, or late, changes nothing', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({}, {})
  await steps.dispatch()
  const first = await onlyHead(steps)
  await settleNotifications(steps.db, steps.owned, [finalOf(first)], [])
  const before = await storedNotifications(steps.db)
  expect(before).toMatchObject([
    { state: 'delivered', httpStatus: 200 },
    { state: 'waiting', httpStatus: null },
  ])
  const other = finalOf(first, { kind: 'given_up', httpStatus: 410 })
  expect(await settleNotifications(steps.db, steps.owned, [other], [])).toBe(0)
  expect(await storedNotifications(steps.db)).toEqual(before)
  expect(await onlyHead(steps)).toMatchObject({ number: 2 })
})

test('an owner with an old epoch cannot dispatch, nor can one at the epoch of another', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  const [event] = await steps.publish({})
  const { ownerId, epochs } = steps.owned
  const partition = required(event, 'an event').partition
  const epoch = required(epochs.get(partition), 'the test owns all partitions')
  await setPartition(steps.db, partition, { epoch: epoch + 1, owner: ownerId })
  const before = await storedProgress(steps.db)
  const refusal = () =>
    steps.dispatch().then(
      () => 'it went through',
      (error: unknown) => error instanceof DispatchFailed && isLostOwnership(error.cause),
    )
  expect(await refusal()).toBe(true)
  await setPartition(steps.db, partition, { epoch, owner: randomUUID() })
  expect(await refusal()).toBe(true)
  expect(await storedProgress(steps.db)).toEqual(before)
})
