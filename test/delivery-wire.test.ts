import { startReceiver, type Receiver } from '@tidings/harness/receiver.ts'
import { createDelivery, type Delivery } from '@tidings/server/delivery/delivery.ts'
import { createWebhookNotifier } from '@tidings/server/delivery/webhook-notifier.ts'
import { createWire } from '@tidings/server/delivery/wire.ts'
import { createSlots } from '@tidings/server/delivery/slots.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { createLog } from '@tidings/server/log.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { dataOf, eventually } from './support/service-test.ts'
import { createGate, openSteps, type Steps } from './support/steps.ts'
import { testSender, type TestSender } from './support/webhook-sender.ts'

const log = createLog({ level: 'silent' })
let steps: Steps
let receiver: Receiver
let sender: TestSender

beforeEach(async () => {
  steps = await openSteps()
  receiver = await startReceiver()
  sender = testSender({ limits: { totalMs: 500 } })
  await steps.subscribe(receiver.url())
})

afterEach(async () => {
  await sender.close()
  await receiver.close()
  await steps.stop()
})

/** A head that is due, and a wire that would send it under this lease, claimed so long ago. */
async function claimed(held: { isLeaseHeld?: boolean; epochs?: ReadonlyMap<number, number>; ageMs?: number }) {
  await steps.publish({})
  await steps.dispatch()
  const [head] = await steps.claim()
  if (!head) throw new Error('no head is due')
  const outcome = createGate()
  let report = 'nothing'
  const tell = (text: string) => {
    report = text
    outcome.open()
  }
  const wire = createWire({
    sender: createWebhookNotifier(sender, () => new Date()), isStillDue: () => Promise.resolve(true), slots: createSlots({ inAll: 1, perAddress: 1 }),
    ownership: { isLeaseHeld: () => held.isLeaseHeld ?? true, holding: () => ({ ...steps.holding, epochs: held.epochs ?? steps.holding.epochs }) },
    onResult: (_head, result) => tell(result.kind),
    onNotSent: (_head, isStale) => tell(isStale ? 'too old' : 'not sent'),
    clock: () => held.ageMs ?? 0,
  })
  wire.send(head, 0)
  await outcome.opened
  return report
}

test('a head is sent while the lease is held, the epoch is that of the claim, and the claim is fresh', async () => {
  expect(await claimed({ ageMs: 1400 })).toBe('answered')
  expect(receiver.received).toHaveLength(1)
})

test('without the lease not a byte is sent', async () => {
  expect(await claimed({ isLeaseHeld: false })).toBe('not sent')
  expect(receiver.received).toHaveLength(0)
})

test('after the partition was lost, or taken again at another epoch, nothing claimed before is sent', async () => {
  expect(await claimed({ epochs: new Map() })).toBe('not sent')
  expect(await claimed({ epochs: new Map(steps.partitions.map((id) => [id, 8])) })).toBe('not sent')
  expect(receiver.received).toHaveLength(0)
})

test('a head that was claimed 1.5 s ago is not sent, so that a DELETE takes effect within 2 s', async () => {
  expect(await claimed({ ageMs: 1500 })).toBe('too old')
  expect(receiver.received).toHaveLength(0)
})

/** Delivery on the tables of the steps, under a lease that the test can take away. */
async function delivering(work: (delivery: Delivery, lease: { isHeld: boolean }) => Promise<void>): Promise<void> {
  const lease = { isHeld: true }
  const delivery = createDelivery({
    method: 'WEBHOOK', claimDb: steps.db, settleDb: steps.db, sender: createWebhookNotifier(sender, () => new Date()), log,
    ownership: { holding: () => steps.holding, settling: () => steps.holding, isLeaseHeld: () => lease.isHeld },
    retry: { delaysMs: [20], horizonMs: 60_000 }, limits: { inAll: 10, perAddress: 10 }, onCountedDown: () => undefined,
  })
  delivery.start()
  await work(delivery, lease)
  await delivery.stop()
}

test('an answer that does not come in time is a failure: its lane waits for the retry, other lanes go on', async () => {
  receiver.decide(() => (receiver.received.length === 1 ? 'withheld' : undefined))
  await steps.publish({ seriesId: 'a', data: 'a1' })
  await steps.dispatch()
  await delivering(async (delivery) => {
    await receiver.take(1)
    await steps.publish({ seriesId: 'a', data: 'a2' }, { seriesId: 'b', data: 'b1' })
    const { matched } = await steps.dispatch()
    delivery.hint(matched)
    await receiver.waitFor((received) => received.length === 4)
  })
  const data = dataOf(receiver.received)
  expect(data.filter((one) => one?.startsWith('a'))).toEqual(['a1', 'a1', 'a2'])
  expect(await steps.db.query(sql`select reason, number from attempt`)).toEqual([{ reason: 'answer_timeout', number: 1 }])
})

/** Resolves when delivery has looked through its lanes once more. */
async function scanned(delivery: Delivery, look: string): Promise<void> {
  const [now] = await steps.db.query<{ now: string }>(sql`select clock_timestamp()::text as now`)
  delivery.rescan()
  await eventually(() => steps.db.query(sql`
    select ${look}::text from pg_stat_activity
    where datname = current_database() and query like '%recursive pair%' and query_start > ${now?.now}::timestamptz and state = 'idle'`)).toHaveLength(1)
}

test('a lost lease stops new attempts, and with a new one they go on', async () => {
  await delivering(async (delivery, lease) => {
    lease.isHeld = false
    await steps.publish({ data: 'waits' })
    const { matched } = await steps.dispatch()
    delivery.hint(matched)
    // The loop looks through the tables and claims in turns: before a second look it has had its chance to claim.
    for (const look of ['first', 'second']) await scanned(delivery, look)
    expect(receiver.received).toHaveLength(0)
    lease.isHeld = true
    delivery.rescan()
    expect(dataOf(await receiver.take(1))).toEqual(['waits'])
  })
})

test('a stop waits for what is on the wire, and writes its outcome', async () => {
  let letGo: () => void = () => undefined
  receiver.decide((_request, response) => {
    letGo = () => response.writeHead(200).end()
    return 'withheld'
  })
  await steps.publish({})
  await steps.dispatch()
  let stopped: Promise<void> | undefined
  await delivering(async (delivery) => {
    await receiver.take(1)
    stopped = delivery.stop()
    letGo()
  })
  await stopped
  expect(await steps.db.query(sql`select state from notification`)).toEqual([{ state: 'delivered' }])
})
