import { isLostOwnership } from '@tidings/server/db/fence.ts'
import { sql } from '@tidings/server/db/sql.ts'
import {
  endWaiting,
  findCancelledLanes,
  findDueLanes,
  freezeLanes,
  readNextDue,
  readWaiting,
  scanPairs,
  thawLanes,
} from '@tidings/server/lanes/cold-lane-store.ts'
import { settleNotifications } from '@tidings/server/lanes/final-settlement-store.ts'
import { createRetention } from '@tidings/server/recovery/retention.ts'
import { countStuckLanes } from '@tidings/server/recovery/stuck-lanes.ts'
import { required } from '@tidings/server/runtime/required.ts'
import { expect, test as base } from 'vitest'
import { dispatchTaken, finalOf, frozenLaneOf, type LaneEntry } from './support/core-steps.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { openStepwiseService, type StepwiseService } from './support/stepwise-service.ts'
import {
  addTargets,
  ageSettledEvents,
  endSubscriptions,
  setPartitionEpochs,
  storedAttempts,
  storedLanes,
  storedNotifications,
  storedProgress,
} from './support/stored-state.ts'

const test = base.extend<{ steps: StepwiseService }>({
  steps: async ({}, use) => {
    const steps = await openStepwiseService({ partitionCount: 1 })
    await steps.subscribe('http://127.0.0.1/')
    await use(steps)
    await steps.stop()
  },
})

const CANCELLED = { state: 'cancelled' } as const

/** Publishes and dispatches so many events of one series. */
async function entriesOf(steps: StepwiseService, count: number): Promise<LaneEntry[]> {
  await steps.publish(...Array.from({ length: count }, () => ({})))
  return dispatchTaken(steps)
}

/** The only one, or the first. */
const first = <T>(rows: readonly T[]) => required(rows[0], 'at least one')

async function freezeFirst(steps: StepwiseService, entries: readonly LaneEntry[]): Promise<LaneEntry> {
  const entry = first(entries)
  await freezeLanes(steps.db, steps.owned, [await frozenLaneOf(steps, entry)], [], [])
  return entry
}

const settle = (steps: StepwiseService, entries: readonly LaneEntry[]) =>
  settleNotifications(
    steps.db,
    steps.owned,
    entries.map((entry) => finalOf(entry)),
    [],
  )

const storedWatermark = async ({ db }: StepwiseService) =>
  first(await db.query<{ at: number }>(sql`select settled_below as at from partition_cursor`)).at

const unsettledRemovals = ({ db }: StepwiseService) =>
  db.query<{ unsettled: number }>(sql`select unsettled from subject_removal order by position`)

test('a settlement writes states, attempts and statuses, and the failed attempts of what was given up', async ({
  steps,
}) => {
  const [delivered, given, cancelled] = await entriesOf(steps, 3)
  if (!delivered || !given || !cancelled) throw new Error('expected three notifications')
  const batch = [
    finalOf(cancelled, { kind: 'cancelled', attempts: 9, httpStatus: 500, reason: 'subscription deleted' }),
    finalOf(given, { kind: 'given_up', attempts: 4, httpStatus: 410, reason: 'http_410', durationMs: 2.6 }),
    finalOf(delivered, { attempts: 2, httpStatus: 204 }),
  ]
  expect(await settleNotifications(steps.db, steps.owned, batch, [])).toBe(3)
  const after = [
    { state: 'delivered', attempts: 2, httpStatus: 204 },
    { state: 'given_up', attempts: 4, httpStatus: 410 },
    { state: 'cancelled', attempts: 0, httpStatus: null },
  ]
  expect(await storedNotifications(steps.db)).toEqual(after)
  expect(await storedAttempts(steps.db)).toEqual([{ number: 4, reason: 'http_410' }])
  const other = batch.map((one) => ({ ...one, kind: 'delivered' as const }))
  expect(await settleNotifications(steps.db, steps.owned, batch, []), 'repeated').toBe(0)
  expect(await settleNotifications(steps.db, steps.owned, other, []), 'with another outcome').toBe(0)
  expect(await storedNotifications(steps.db)).toEqual(after)
  expect(await storedAttempts(steps.db)).toHaveLength(1)
})

test('removals are counted down once, by what the statement itself has settled', async ({ steps }) => {
  await addTargets(steps.db, 2)
  await steps.publish({ deleteSubscriptionsMatchingSubject: true }, {})
  const entries = await dispatchTaken(steps)
  const [a, b, c] = entries
  if (!a || !b || !c) throw new Error('expected three notifications of the first event')
  const settleRemoving = (...those: LaneEntry[]) =>
    settleNotifications(
      steps.db,
      steps.owned,
      those.map((one) => finalOf(one)),
      [a.position],
    )
  expect(await unsettledRemovals(steps)).toEqual([{ unsettled: 3 }])
  expect(await settleRemoving(a)).toBe(1)
  expect(await settleRemoving(a, b)).toBe(1)
  expect(await unsettledRemovals(steps)).toEqual([{ unsettled: 1 }])
  expect((await Promise.all([settleRemoving(b, c), settleRemoving(b, c)])).sort()).toEqual([0, 1])
  expect(await unsettledRemovals(steps)).toEqual([{ unsettled: 0 }])
  expect(await settle(steps, entries), 'the second event counts nothing down').toBe(3)
  expect(await unsettledRemovals(steps)).toEqual([{ unsettled: 0 }])
})

test('a frozen lane gets a row, and is changed when it has one: its bound never goes back', async ({ steps }) => {
  const [n, next] = await entriesOf(steps, 2)
  if (!n || !next) throw new Error('expected two notifications')
  const failure = { ...finalOf(n), attempts: 2, httpStatus: 503, reason: 'http_503' }
  const lane = await frozenLaneOf(steps, n, { attempts: 2, delayMs: 60_000 })
  await freezeLanes(steps.db, steps.owned, [lane], [failure], [{ partition: 0, watermark: n.position }])
  const [row] = await storedLanes(steps.db)
  const { targetId, laneSeries, partition, method, addressKey } = lane
  expect(row).toMatchObject({ targetId, laneSeries, partition, method, addressKey })
  expect(row).toMatchObject({ headPosition: n.position, waiting: 1, attempts: 2 })
  expect(required(row, 'a lane').due.getTime()).toBeGreaterThan(Date.now() + 30_000)
  expect(await storedAttempts(steps.db)).toEqual([{ number: 2, reason: 'http_503' }])
  expect(await storedWatermark(steps)).toBe(n.position)

  const again = { ...lane, firstPosition: next.position, attempts: 1, delayMs: 0 }
  await freezeLanes(steps.db, steps.owned, [again], [failure], [{ partition: 0, watermark: next.position }])
  expect(await storedLanes(steps.db)).toMatchObject([{ headPosition: next.position, attempts: 1, waiting: 1 }])
  expect(first(await storedLanes(steps.db)).due.getTime()).toBeLessThan(Date.now() + 30_000)
  expect(await storedAttempts(steps.db), 'the same attempt').toHaveLength(1)
  await freezeLanes(steps.db, steps.owned, [lane], [], [{ partition: 0, watermark: n.position }])
  expect(await storedLanes(steps.db)).toMatchObject([{ headPosition: next.position, attempts: 2 }])
  expect(await storedWatermark(steps), 'never goes back').toBe(next.position)
})

test('a watermark moves without a lane', async ({ steps }) => {
  await freezeLanes(steps.db, steps.owned, [], [], [{ partition: 0, watermark: 7 }])
  expect(await storedWatermark(steps)).toBe(7)
})

test('only a lane in which everything is settled loses its row; one that has none counts as gone', async ({
  steps,
}) => {
  const entries = await entriesOf(steps, 2)
  const lane = await freezeFirst(steps, entries)
  const { targetId, laneSeries } = lane
  const unknown = { targetId: targetId + 1, laneSeries, partition: 0 }
  await settle(steps, entries.slice(0, 1))
  expect(await thawLanes(steps.db, steps.owned, [lane, unknown])).toEqual([{ targetId: targetId + 1, laneSeries }])
  // Its bound is at what waits now, at which no attempt has failed yet.
  expect(await storedLanes(steps.db)).toMatchObject([{ headPosition: entries[1]?.position, attempts: 0 }])
  await settle(steps, entries)
  expect(await thawLanes(steps.db, steps.owned, [lane])).toEqual([{ targetId, laneSeries }])
  expect(await storedLanes(steps.db)).toEqual([])
  expect(await thawLanes(steps.db, steps.owned, [lane]), 'repeated').toEqual([{ targetId, laneSeries }])
})

test('what waits in a lane is cancelled in slices, removals are counted down, and the row stays', async ({ steps }) => {
  await steps.publish({}, {}, { deleteSubscriptionsMatchingSubject: true })
  const lane = await freezeFirst(steps, await dispatchTaken(steps))
  expect(await endWaiting(steps.db, steps.owned, [lane], CANCELLED, 2)).toHaveLength(2)
  expect(await storedNotifications(steps.db)).toMatchObject([
    { state: 'cancelled' },
    { state: 'cancelled' },
    { state: 'waiting' },
  ])
  expect(await unsettledRemovals(steps)).toEqual([{ unsettled: 1 }])
  expect(await endWaiting(steps.db, steps.owned, [lane], CANCELLED, 2)).toHaveLength(1)
  expect(await unsettledRemovals(steps)).toEqual([{ unsettled: 0 }])
  expect(await endWaiting(steps.db, steps.owned, [lane], CANCELLED, 2)).toHaveLength(0)
  expect(await storedLanes(steps.db)).toHaveLength(1)
  expect(await thawLanes(steps.db, steps.owned, [lane])).toHaveLength(1)
})

test('a lane without a row is not cancelled: what waits in it is in memory', async ({ steps }) => {
  const lane = first(await entriesOf(steps, 1))
  expect(await endWaiting(steps.db, steps.owned, [lane], CANCELLED, 10)).toHaveLength(0)
  expect(await storedNotifications(steps.db)).toMatchObject([{ state: 'waiting' }])
})

test('an old epoch can neither settle nor freeze nor thaw nor cancel, and nothing of it is done', async ({ steps }) => {
  const entries = await entriesOf(steps, 2)
  const lane = await freezeFirst(steps, entries)
  const before = await storedProgress(steps.db)
  await setPartitionEpochs(steps.db, 8)
  const frozen = await frozenLaneOf(steps, lane, { attempts: 5 })
  const failed = finalOf(lane, { kind: 'given_up', reason: 'http_410' })
  const marks = [{ partition: 0, watermark: 5 }]
  for (const attempt of [
    () => settleNotifications(steps.db, steps.owned, [failed], []),
    () => freezeLanes(steps.db, steps.owned, [frozen], [{ ...failed, reason: 'http_410' }], []),
    () => freezeLanes(steps.db, steps.owned, [], [], marks),
    () => thawLanes(steps.db, steps.owned, [lane]),
    () => endWaiting(steps.db, steps.owned, [lane], CANCELLED, 10),
  ])
    await expect(attempt()).rejects.toSatisfy(isLostOwnership)
  expect(await storedProgress(steps.db)).toEqual(before)
})

test('of a due lane the first that waits are read, in their order; of an empty one that it is empty', async ({
  steps,
}) => {
  const entries = await entriesOf(steps, 4)
  const lane = first(entries)
  expect(await readWaiting(steps.db, steps.owned, [lane], 2), 'without a row').toEqual([])
  await freezeLanes(steps.db, steps.owned, [await frozenLaneOf(steps, lane, { attempts: 3 })], [], [])
  await settle(steps, entries.slice(1, 2))
  const { targetId, laneSeries, partition } = lane
  const waiting = await readWaiting(steps.db, steps.owned, [lane], 2)
  const expected = [entries[0], entries[2]].map((entry, index) => ({
    targetId,
    laneSeries,
    partition,
    attempts: index === 0 ? 3 : 0,
    position: entry?.position,
    uuid: entry?.uuid,
    number: index === 0 ? 1 : 3,
    created: entry?.created,
    ageMs: expect.any(Number) as number,
  }))
  expect(waiting).toEqual(expected)
  await settle(steps, entries)
  expect(await readWaiting(steps.db, steps.owned, [lane], 2)).toEqual([
    {
      targetId,
      laneSeries,
      partition,
      attempts: 0,
      position: null,
      uuid: null,
      number: null,
      created: null,
      ageMs: null,
    },
  ])
})

test('nothing is read of a lane that is not due, from before its bound, or of a partition that is not ours', async ({
  steps,
}) => {
  const entries = await entriesOf(steps, 2)
  const lane = first(entries)
  const frozen = await frozenLaneOf(steps, lane, { firstPosition: lane.position + 1, delayMs: 60_000 })
  await freezeLanes(steps.db, steps.owned, [frozen], [], [])
  expect(await readWaiting(steps.db, steps.owned, [lane], 5)).toEqual([])
  await freezeLanes(steps.db, steps.owned, [{ ...frozen, delayMs: 0 }], [], [])
  expect(await readWaiting(steps.db, steps.owned, [lane], 5)).toMatchObject([{ position: entries[1]?.position }])
  await setPartitionEpochs(steps.db, 8)
  expect(await readWaiting(steps.db, steps.owned, [lane], 5)).toEqual([])
})

test('cold lanes are found by address: those that are due, when the next one is, and which are there', async ({
  steps,
}) => {
  await steps.publish({ seriesId: 'a' }, { seriesId: 'b' })
  const [due, later] = await Promise.all(
    (await dispatchTaken(steps)).map((entry, index) => frozenLaneOf(steps, entry, { delayMs: index * 60_000 })),
  )
  if (!due || !later) throw new Error('expected two lanes')
  await freezeLanes(steps.db, steps.owned, [later, due], [], [])
  const pair = { partition: 0, addressKey: due.addressKey }
  expect(await findDueLanes(steps.db, 'WEBHOOK', [{ pair, limit: 5 }])).toEqual([
    { ...pair, targetId: due.targetId, laneSeries: due.laneSeries, position: due.firstPosition },
  ])
  expect(await findDueLanes(steps.db, 'EMAIL', [{ pair, limit: 5 }])).toEqual([])
  const next = await readNextDue(steps.db, 'WEBHOOK', [{ pair, limit: 2 }])
  expect(next.map(({ laneSeries }) => laneSeries)).toEqual([due.laneSeries, later.laneSeries])
  expect(next[1]?.inMs).toBeGreaterThan(30_000)
  expect(await scanPairs(steps.db, 'WEBHOOK', [0])).toMatchObject([pair])
  expect(await findCancelledLanes(steps.db, [0], null, 5)).toEqual([])
  await endSubscriptions(steps.db, { reason: 'deleted' })
  expect(await findCancelledLanes(steps.db, [0], 60_000, 5)).toHaveLength(2)
})

test('what waits up to the watermark without a row is stuck; behind it, and with a row, it is not', async ({
  steps,
}) => {
  await steps.publish({ seriesId: 'a' }, { seriesId: 'b' }, { seriesId: 'c' })
  const entries = await dispatchTaken(steps)
  const moveWatermark = (watermark: number) => freezeLanes(steps.db, steps.owned, [], [], [{ partition: 0, watermark }])
  expect(await countStuckLanes(steps.db)).toBe(0)
  await freezeFirst(steps, entries)
  await moveWatermark(first(entries).position)
  expect(await countStuckLanes(steps.db)).toBe(0)
  await moveWatermark(required(entries[2], 'three').position)
  expect(await countStuckLanes(steps.db)).toBe(2)
  await settle(steps, entries.slice(1))
  expect(await countStuckLanes(steps.db)).toBe(0)
})

test('retention removes the note that an event was dispatched together with the event', async ({ steps }) => {
  await steps.publish({ data: 'old' }, { data: 'young' })
  const entries = await dispatchTaken(steps)
  await settle(steps, entries)
  await ageSettledEvents(steps.db, 'old', 49)
  const { log, next } = createRecordingLog()
  const removed = next('retention')
  const worker = createRetention({ db: steps.db, retentionHours: 48, log })
  worker.start()
  await removed
  await worker.stop()
  expect(await steps.db.query(sql`select position from dispatched`)).toEqual([{ position: entries[1]?.position }])
})
