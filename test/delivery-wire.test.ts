import { startReceiver, type Receiver } from '@tidings/harness/receiver.ts'
import { createWebhookNotifier } from '@tidings/server/delivery/webhook/webhook-notifier.ts'
import { createWire } from '@tidings/server/delivery/wire.ts'
import { createSlots } from '@tidings/server/delivery/slots.ts'
import { required } from '@tidings/server/runtime/required.ts'
import type { Sql } from '@tidings/server/db/sql.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startLaneService, type LaneService } from './support/lane-service.ts'
import { createLaneBench } from './support/lane-bench.ts'
import { dataOf, eventually } from './support/service-fixtures.ts'
import { createGate, openStepwiseService, type StepwiseService } from './support/stepwise-service.ts'
import { createTestWebhookSender, type TestWebhookSender } from './support/test-webhook-sender.ts'
import { countNotifications, scansLanes, storedAttempts } from './support/stored-state.ts'

let steps: StepwiseService
let receiver: Receiver
let sender: TestWebhookSender

beforeEach(async () => {
  steps = await openStepwiseService()
  receiver = await startReceiver()
  sender = createTestWebhookSender({ limits: { totalMs: 500 } })
  await steps.subscribe(receiver.url())
})

afterEach(async () => {
  await sender.close()
  await receiver.close()
  await steps.stop()
})

interface Held {
  readonly isLeaseHeld?: boolean
  readonly isOpen?: boolean
  readonly isFresh?: boolean
  readonly isCancelled?: boolean
}

/** What becomes of a head that is given to the wire, while this holds. */
async function sent({ isLeaseHeld = true, isOpen = true, isFresh = true, isCancelled = false }: Held) {
  const bench = createLaneBench({ address: receiver.url() })
  bench.dispatch({ position: 1 })
  const lane = required(bench.lanes()[0], 'the lane')
  lane.target.isCancelled = isCancelled
  const outcome = createGate()
  let report = 'nothing'
  const tell = (text: string) => {
    report = text
    outcome.open()
  }
  const wire = createWire({
    sender: createWebhookNotifier(sender, () => new Date()),
    deletions: { isFresh: () => isFresh, renew: () => Promise.resolve() },
    slots: createSlots({ inAll: 1, perAddress: 1 }),
    ownership: { isLeaseHeld: () => isLeaseHeld },
    isOpen: () => isOpen,
    onResult: (_lane, _head, result) => tell(result.kind),
    onNotSent: () => tell('not sent'),
    clock: () => 0,
  })
  wire.send(lane, required(lane.queue[0]?.event.text, 'its text'))
  await outcome.opened
  return report
}

test('a head is sent while the lease is held, its partition is open, and deletions are known', async () => {
  expect(await sent({})).toBe('answered')
  expect(receiver.received).toHaveLength(1)
})

test('without the lease not a byte is sent', async () => {
  expect(await sent({ isLeaseHeld: false })).toBe('not sent')
  expect(receiver.received).toHaveLength(0)
})

test('of a partition that is lost, handed over or read again nothing is sent', async () => {
  expect(await sent({ isOpen: false })).toBe('not sent')
  expect(receiver.received).toHaveLength(0)
})

test('without a good look for deletions nothing is sent, nor to a target whose deletion was seen', async () => {
  expect(await sent({ isFresh: false })).toBe('not sent')
  expect(await sent({ isCancelled: true })).toBe('not sent')
  expect(receiver.received).toHaveLength(0)
})

/** How many times delivery began to look through its lanes, and the number of the last time that is over. */
const scans = { begun: 0, ended: 0 }

async function observedQuery<Row>(statement: Sql): Promise<Row[]> {
  if (!scansLanes(statement)) return steps.db.query<Row>(statement)
  scans.begun += 1
  const number = scans.begun
  const rows = await steps.db.query<Row>(statement)
  scans.ended = number
  return rows
}

/** Dispatch and delivery on the tables of the steps, under a lease that the test can take away. */
async function delivering(work: (service: LaneService) => Promise<void>): Promise<void> {
  const service = startLaneService(steps, {
    sender: createWebhookNotifier(sender, () => new Date()),
    pools: { claim: { ...steps.db, query: observedQuery } },
  })
  await work(service)
  await service.stop()
}

test('a response that comes too late is a failure: its lane waits for the retry, other lanes go on', async () => {
  receiver.decide(() => (receiver.received.length === 1 ? 'withheld' : undefined))
  await steps.publish({ seriesId: 'a', data: 'a1' })
  await delivering(async (service) => {
    await receiver.take(1)
    await steps.publish({ seriesId: 'a', data: 'a2' }, { seriesId: 'b', data: 'b1' })
    service.wake()
    await receiver.waitFor((received) => received.length === 4)
  })
  const data = dataOf(receiver.received)
  expect(data.filter((one) => one?.startsWith('a'))).toEqual(['a1', 'a1', 'a2'])
  expect(await storedAttempts(steps.db)).toEqual([{ reason: 'answer_timeout', number: 1 }])
})

test('a lost lease stops new attempts, and with a new one they go on', async () => {
  const answered = createGate()
  receiver.decide(async () => {
    await answered.opened
    return undefined
  })
  await steps.publish({ seriesId: 'a', data: 'a1' }, { seriesId: 'a', data: 'a2' })
  await delivering(async (service) => {
    expect(dataOf(await receiver.take(1))).toEqual(['a1'])
    service.isLeaseHeld = false
    answered.open()
    // Of the attempt that was on the wire the outcome is written, and the next head is ready. The loop gives out turns
    // before each scan of the tables.
    await eventually(() => countNotifications(steps.db)).toEqual({ delivered: 1, waiting: 1 })
    const { begun } = scans
    await eventually(() => scans.ended).toBeGreaterThan(begun)
    expect(receiver.received).toHaveLength(1)
    service.isLeaseHeld = true
    expect(dataOf(await receiver.take(1))).toEqual(['a2'])
  })
})

test('a stop waits for what is in flight, and writes its outcome', async () => {
  let letGo: () => void = () => undefined
  receiver.decide((_request, response) => {
    letGo = () => response.writeHead(200).end()
    return 'withheld'
  })
  await steps.publish({})
  let stopped: Promise<void> | undefined
  await delivering(async (service) => {
    await receiver.take(1)
    stopped = service.stop()
    letGo()
  })
  await stopped
  expect(await countNotifications(steps.db)).toEqual({ delivered: 1 })
})
