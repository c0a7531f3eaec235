import { isLostOwnership } from '@tidings/server/db/fence.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { endWaiting, freezeLanes, thawLanes } from '@tidings/server/lanes/cold-lane-store.ts'
import { settleNotifications } from '@tidings/server/lanes/final-settlement-store.ts'
import { required } from '@tidings/server/runtime/required.ts'
import { expect } from 'vitest'
import {
  dispatchTaken,
  entriesOf,
  finalOf,
  firstOf,
  freezeFirst,
  frozenLaneOf,
  settleAll,
  type LaneEntry,
} from './support/core-steps.ts'
import { retain } from './support/retention-runs.ts'
import type { StepwiseService } from './support/stepwise-service.ts'
import { stepwiseTest } from './support/stepwise-test.ts'
import {
  addTargets,
  ageSettledEvents,
  setPartitionEpochs,
  storedAttempts,
  storedLanes,
  storedNotifications,
  storedProgress,
  unsettledRemovals,
} from './support/stored-state.ts'

const test = stepwiseTest({ partitionCount: 1, targetCount: 1 })

const CANCELLED = { state: 'cancelled' } as const

const storedWatermark = async ({ db }: StepwiseService) =>
  firstOf(await db.query<{ at: number }>(sql`select settled_below as at from partition_cursor`)).at

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
  expect(await unsettledRemovals(steps.db)).toEqual([{ unsettled: 3 }])
  expect(await settleRemoving(a)).toBe(1)
  expect(await settleRemoving(a, b)).toBe(1)
  expect(await unsettledRemovals(steps.db)).toEqual([{ unsettled: 1 }])
  expect((await Promise.all([settleRemoving(b, c), settleRemoving(b, c)])).sort()).toEqual([0, 1])
  expect(await unsettledRemovals(steps.db)).toEqual([{ unsettled: 0 }])
  expect(await settleAll(steps, entries), 'the second event counts nothing down').toBe(3)
  expect(await unsettledRemovals(steps.db)).toEqual([{ unsettled: 0 }])
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
  expect(firstOf(await storedLanes(steps.db)).due.getTime()).toBeLessThan(Date.now() + 30_000)
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
  await settleAll(steps, entries.slice(0, 1))
  expect(await thawLanes(steps.db, steps.owned, [lane, unknown])).toEqual([{ targetId: targetId + 1, laneSeries }])
  // Its bound is at what waits now, at which no attempt has failed yet.
  expect(await storedLanes(steps.db)).toMatchObject([{ headPosition: entries[1]?.position, attempts: 0 }])
  await settleAll(steps, entries)
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
  expect(await unsettledRemovals(steps.db)).toEqual([{ unsettled: 1 }])
  expect(await endWaiting(steps.db, steps.owned, [lane], CANCELLED, 2)).toHaveLength(1)
  expect(await unsettledRemovals(steps.db)).toEqual([{ unsettled: 0 }])
  expect(await endWaiting(steps.db, steps.owned, [lane], CANCELLED, 2)).toHaveLength(0)
  expect(await storedLanes(steps.db)).toHaveLength(1)
  expect(await thawLanes(steps.db, steps.owned, [lane])).toHaveLength(1)
})

test('a lane without a row is not cancelled: what waits in it is in memory', async ({ steps }) => {
  const lane = firstOf(await entriesOf(steps, 1))
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

test('retention removes the note that an event was dispatched together with the event', async ({ steps }) => {
  await steps.publish({ data: 'old' }, { data: 'young' })
  const entries = await dispatchTaken(steps)
  await settleAll(steps, entries)
  await ageSettledEvents(steps.db, 'old', 49)
  await retain(steps)
  expect(await steps.db.query(sql`select position from dispatched`)).toEqual([{ position: entries[1]?.position }])
})
