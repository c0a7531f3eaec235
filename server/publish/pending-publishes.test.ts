import { expect, test } from 'vitest'
import type { Chain, EventRecord } from '../broker/broker.ts'
import { PublishError } from './publish-error.ts'
import { eventRecord } from './record.ts'
import { createPendingPublishes, type PendingPublish, type BatchLimits } from './pending-publishes.ts'

const LIMITS: BatchLimits = { batchRecords: 3, batchBytes: 1000, deadlineMs: 100 }

/** `bodyBytes` stands for a body of that size. */
const record = (bodyBytes = 1, chain?: Chain, tenant = 'dev'): EventRecord => ({
  ...eventRecord(
    { source: 's', type: 'jobs.A.B', timestamp: 't' },
    { tenant, user: 'u', service: 'jobs' },
    1,
    new Date(0),
  ),
  bodyBytes,
  chain,
})

function openRoom(limits: Partial<BatchLimits> = {}) {
  const time = { now: 0 }
  const pending = createPendingPublishes({ ...LIMITS, ...limits }, () => time.now)
  const enter = (one: EventRecord = record()) => {
    const answer = { text: 'none' }
    pending.enqueue(one).then(
      () => (answer.text = 'stored'),
      (error: unknown) => (answer.text = error instanceof PublishError ? error.kind : 'bug'),
    )
    return answer
  }
  return { room: pending, time, enter }
}

/** Promises settle in a microtask. */
const settle = () => new Promise((resolve) => setImmediate(resolve))
const sizes = (batch: readonly PendingPublish[]) => batch.map((entry) => entry.record.bodyBytes)

test('a batch takes what waits, first come first served, up to its count and its bytes', () => {
  const { room: pending, enter } = openRoom()
  for (const bytes of [400, 500, 200, 1, 2, 3]) enter(record(bytes))
  expect(sizes(pending.takeBatch())).toEqual([400, 500])
  expect(sizes(pending.takeBatch())).toEqual([200, 1, 2])
  expect(sizes(pending.takeBatch())).toEqual([3])
  expect(pending.takeBatch()).toEqual([])
})

test('a record larger than a batch is written alone', () => {
  const { room: pending, enter } = openRoom()
  for (const bytes of [5000, 1]) enter(record(bytes))
  expect(sizes(pending.takeBatch())).toEqual([5000])
})

test('tenants take turns in a batch, by bytes, whoever came first', () => {
  const { room: pending, enter } = openRoom({ batchRecords: 8, batchBytes: 20_000 })
  const add = (tenant: string, count: number, bytes: number) => {
    for (let number = 0; number < count; number += 1) enter(record(bytes, undefined, tenant))
  }
  const tenants = () => pending.takeBatch().map((entry) => entry.record.tenant)
  add('a', 20, 1)
  add('b', 3, 1)
  expect(tenants().join('')).toBe('abababaa')
  add('large', 9, 4000)
  const [first, second] = [tenants(), tenants()]
  expect([...first, ...second].filter((tenant) => tenant === 'large').length).toBeLessThanOrEqual(4)
  expect(first).toContain('large')
})

test('a record that does not fit any more lets others go before it, and is in the next batch', () => {
  const { room: pending, enter } = openRoom({ batchRecords: 10 })
  enter(record(900, undefined, 'large'))
  enter(record(900, undefined, 'large'))
  for (const bytes of [1, 2]) enter(record(bytes, undefined, 'small'))
  expect(sizes(pending.takeBatch())).toEqual([900, 1, 2])
  expect(sizes(pending.takeBatch())).toEqual([900])
})

test('a record that was never handed over is "not stored" at its deadline, and is removed', async () => {
  const { room: pending, time, enter } = openRoom()
  const answer = enter()
  time.now = 99
  pending.expireOverdue()
  await settle()
  expect(answer.text).toBe('none')
  time.now = 100
  pending.expireOverdue()
  await settle()
  expect(answer.text).toBe('not_stored')
  expect(pending.takeBatch()).toEqual([])
  expect(pending.size).toBe(0)
})

test('a record in flight is "unknown" at its deadline, and is not written again', async () => {
  const { room: pending, time, enter } = openRoom()
  const answer = enter()
  const batch = pending.takeBatch()
  time.now = 100
  pending.expireOverdue()
  await settle()
  expect(answer.text).toBe('unknown')
  pending.requeue(batch)
  expect(pending.takeBatch()).toEqual([])
  expect(pending.size).toBe(0)
})

test('a record is "unknown" after an unclear write, and "not stored" after a clear failure', async () => {
  const { room: pending, time, enter } = openRoom()
  const answers = [enter(), enter()]
  const batch = pending.takeBatch()
  const [unclear] = batch
  if (unclear) unclear.mayBeStored = true
  pending.requeue(batch)
  time.now = 100
  pending.expireOverdue()
  await settle()
  expect(answers.map((answer) => answer.text)).toEqual(['unknown', 'not_stored'])
})

test('records that were put back are written before later ones, in order', () => {
  const { room: pending, enter } = openRoom()
  for (const bytes of [1, 2]) enter(record(bytes))
  const batch = pending.takeBatch()
  enter(record(3))
  pending.requeue(batch)
  expect(sizes(pending.takeBatch())).toEqual([1, 2, 3])
})

test('a record gets one outcome, the first', async () => {
  const { room: pending, time, enter } = openRoom()
  const answer = enter()
  const [entry] = pending.takeBatch()
  if (entry) pending.complete(entry)
  time.now = 1000
  pending.expireOverdue()
  await settle()
  expect(answer.text).toBe('stored')
})

test('what waits behind a failed record of its chain is answered in its turn, and never taken', async () => {
  const { room: pending } = openRoom()
  const [a, b]: readonly [Chain, Chain] = [{ seriesKey: 'a' }, { seriesKey: 'b' }]
  const all = pending.enqueueAll([record(1, a), record(2, b), record(3), record(4, a), record(5, b), record(6, a)])
  const [first, ...others] = pending.takeBatch()
  if (first) pending.complete(first, new PublishError('key_reused', 'event'))
  for (const entry of others) pending.complete(entry)
  const rest = pending.takeBatch()
  expect(sizes(rest)).toEqual([5])
  for (const entry of rest) pending.complete(entry)
  expect((await all).map((error) => error?.kind)).toEqual([
    'key_reused',
    undefined,
    undefined,
    'follows',
    undefined,
    'follows',
  ])
  expect(pending.size).toBe(0)
})
