import { randomUUID } from 'node:crypto'
import { isLostOwnership } from '@tidings/server/db/fence.ts'
import { sql } from '@tidings/server/db/sql.ts'
import {
  dispatchRecords,
  isChangedCounter,
  isMovedCursor,
  isTooManyMatches,
  positionsOfLarge,
} from '@tidings/server/dispatch/dispatch-store.ts'
import { freezeLanes } from '@tidings/server/lanes/cold-lane-store.ts'
import { MAX_TAKEN_BODY_BYTES, takeRecords } from '@tidings/server/dispatch/take.ts'
import { required } from '@tidings/server/runtime/required.ts'
import { expect } from 'vitest'
import { dispatchTaken, frozenLaneOf, requestOf } from './support/core-steps.ts'
import type { StepwiseService } from './support/stepwise-service.ts'
import { stepwiseTest } from './support/stepwise-test.ts'
import {
  addTargets,
  deadLetterReasons,
  pendingRemovals,
  seriesNumbers,
  setPartitionEpochs,
  storedLanes,
  storedProgress,
  storeOddCopy,
  unsettledRemovals,
} from './support/stored-state.ts'

const test = stepwiseTest({ partitionCount: 2, targetCount: 1 })

const take = ({ db, partitions }: StepwiseService) => takeRecords(db, partitions, 100)

const storedDispatches = ({ db }: StepwiseService) =>
  db.query<{ position: number; number: number }>(sql`select position, number from dispatched order by position`)

const storedCursors = ({ db }: StepwiseService) =>
  db.query<{ partition: number; position: number; settledBelow: number }>(sql`
    select partition, position, settled_below as "settledBelow" from partition_cursor order by partition`)

/** Everything that a dispatch writes. */
const written = async (steps: StepwiseService) => ({
  progress: await storedProgress(steps.db),
  dispatches: await storedDispatches(steps),
  deadLetters: await deadLetterReasons(steps.db),
})

test('a take returns what follows the cursor, with cursor and counter; a large text stays behind', async ({
  steps,
}) => {
  await steps.publish({ data: 'one' })
  const [first] = await take(steps)
  expect(first).toMatchObject({ cursor: 0, kind: 'event', format: 1, lastNumber: null, hasType: true })
  expect(first?.body).toContain('"one"')
  expect(first?.bodyBytes).toBe(Buffer.byteLength(required(first?.body, 'a text')))
  expect(first?.seqOffset).toBeGreaterThan(0)
  await dispatchTaken(steps)
  await steps.publish({ data: 'x'.repeat(MAX_TAKEN_BODY_BYTES) }, { seriesId: 'other' }, { seriesId: 'other' })
  const next = await take(steps)
  expect(next.map((record) => record.position)).toEqual(next.map((record) => record.position).sort((a, b) => a - b))
  expect(next).toHaveLength(3)
  const [large] = next
  expect(large).toMatchObject({ cursor: first?.position, lastNumber: 1, body: null, seqOffset: null })
  expect(large?.bodyBytes).toBeGreaterThan(MAX_TAKEN_BODY_BYTES)
  expect(next.slice(1).map(({ lastNumber }) => lastNumber)).toEqual([null, null])
  expect(await takeRecords(steps.db, steps.partitions, 1)).toHaveLength(new Set(next.map((one) => one.partition)).size)
})

test('a dispatch inserts notifications, moves cursors and watermarks, and writes counters', async ({ steps }) => {
  await steps.publish({ seriesId: 'a' }, { seriesId: 'b' }, { seriesId: 'a' }, { seriesId: null })
  const taken = await take(steps)
  const matched = await dispatchTaken(steps)
  expect(matched.map(({ position, isCold }) => ({ position, isCold }))).toEqual(
    taken.map(({ position }) => ({ position, isCold: false })),
  )
  expect(matched[0]?.created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  expect(await seriesNumbers(steps.db)).toEqual([1, 2])
  expect(await storedLanes(steps.db)).toEqual([])
  expect((await storedDispatches(steps)).map(({ number }) => number).sort((a, b) => a - b)).toEqual([-1, 1, 1, 2])
  expect(await take(steps)).toEqual([])
  await steps.publish({ seriesId: 'a' })
  const [record] = await take(steps)
  const { partition, position, cursor } = required(record, 'a record')
  await dispatchTaken(steps, { cursors: [{ partition, was: cursor, next: position, watermark: cursor }] })
  expect((await storedCursors(steps))[partition]).toEqual({ partition, position, settledBelow: cursor })
  await steps.publish({ seriesId: 'a', endSeries: true })
  await dispatchTaken(steps)
  expect((await storedCursors(steps))[partition], 'a watermark never goes back').toMatchObject({ settledBelow: cursor })
  expect(await seriesNumbers(steps.db), 'the ended one is gone').toEqual([1])
})

test('what belongs to a lane with a row is cold, and nothing else', async ({ steps }) => {
  await steps.publish({ seriesId: 'cold' }, { seriesId: 'hot' })
  const entries = await dispatchTaken(steps)
  const cold = required(entries[0], 'two notifications')
  await freezeLanes(steps.db, steps.owned, [await frozenLaneOf(steps, cold)], [], [])
  await steps.publish({ seriesId: 'hot' }, { seriesId: 'cold' })
  const next = await dispatchTaken(steps)
  expect(next.map(({ laneSeries, isCold }) => [laneSeries === cold.laneSeries, isCold]).sort()).toEqual([
    [false, false],
    [true, true],
  ])
})

test('an event with more than 1,000 matches is refused by its position, and nothing is done', async ({ steps }) => {
  await steps.publish({ seriesId: 'a' })
  await dispatchTaken(steps)
  await addTargets(steps.db, 1000)
  await steps.publish({ seriesId: 'a' }, { seriesId: 'b' })
  await steps.db.query(sql`
    update event set type1 = 'other' where position = (select max(position) from event)`)
  const taken = await take(steps)
  const before = await written(steps)
  const error: unknown = await dispatchTaken(steps).catch((reason: unknown) => reason)
  expect([isTooManyMatches(error), positionsOfLarge(error)]).toEqual([true, [taken[0]?.position]])
  expect([isLostOwnership(error), isMovedCursor(error), isChangedCounter(error)]).toEqual([false, false, false])
  expect(await written(steps)).toEqual(before)
})

test('exactly 1,000 matches of an event, and 20,000 in all, are inserted at once', async ({ steps }) => {
  await addTargets(steps.db, 999)
  await steps.publish(...Array.from({ length: 20 }, () => ({})))
  const matched = await dispatchTaken(steps)
  expect(matched).toHaveLength(20_000)
  expect(matched.some(({ isCold }) => isCold)).toBe(false)
  expect(await storedLanes(steps.db)).toEqual([])
})

test('more than 20,000 matches in all are refused without a position', async ({ steps }) => {
  await addTargets(steps.db, 999)
  await steps.publish(...Array.from({ length: 21 }, () => ({})))
  const before = await written(steps)
  const error: unknown = await dispatchTaken(steps).catch((reason: unknown) => reason)
  expect([isTooManyMatches(error), positionsOfLarge(error)]).toEqual([true, []])
  expect(await written(steps)).toEqual(before)
})

test('the fence refuses a dispatch of a partition that is not ours, and nothing of it is done', async ({ steps }) => {
  await steps.publish({ seriesId: 'a' }, { seriesId: 'b' }, { seriesId: 'c' })
  const request = requestOf(await take(steps))
  const before = await written(steps)
  await setPartitionEpochs(steps.db, 8)
  const error: unknown = await dispatchRecords(steps.db, steps.owned, request).catch((reason: unknown) => reason)
  expect([isLostOwnership(error), isMovedCursor(error), isChangedCounter(error)]).toEqual([true, false, false])
  const others = { ...steps.owned, ownerId: randomUUID() }
  await expect(dispatchRecords(steps.db, others, request)).rejects.toSatisfy(isLostOwnership)
  expect(await written(steps)).toEqual(before)
})

test('one partition of two that is not ours refuses both', async ({ steps }) => {
  for (let n = 0; n < 8; n += 1) await steps.publish({ seriesId: `series ${n}` })
  const taken = await take(steps)
  expect(new Set(taken.map(({ partition }) => partition)).size).toBe(2)
  const before = await written(steps)
  await steps.db.query(sql`update partition set epoch = epoch + 1 where id = 1`)
  await expect(dispatchRecords(steps.db, steps.owned, requestOf(taken))).rejects.toSatisfy(isLostOwnership)
  expect(await written(steps)).toEqual(before)
})

test('a repeated dispatch finds its cursor moved (TD002) before it collides, and does nothing', async ({ steps }) => {
  await steps.publish({ seriesId: 'a' }, { seriesId: 'b' })
  const request = requestOf(await take(steps))
  await dispatchRecords(steps.db, steps.owned, request)
  const before = await written(steps)
  const error: unknown = await dispatchRecords(steps.db, steps.owned, request).catch((reason: unknown) => reason)
  expect([isLostOwnership(error), isMovedCursor(error), isChangedCounter(error)]).toEqual([false, true, false])
  expect(await written(steps)).toEqual(before)
})

test('of two dispatches of the same records at once, one is refused', async ({ steps }) => {
  await steps.publish({ seriesId: 'a' })
  const request = requestOf(await take(steps))
  const both = await Promise.allSettled([
    dispatchRecords(steps.db, steps.owned, request),
    dispatchRecords(steps.db, steps.owned, request),
  ])
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  const refused = both.find((outcome) => outcome.status === 'rejected')
  expect(isMovedCursor(refused?.reason)).toBe(true)
  expect(await storedDispatches(steps)).toHaveLength(1)
})

test.for([
  { what: 'has grown', series: ['a'], change: sql`update series set last_number = 50` },
  { what: 'is gone', series: ['a'], change: sql`delete from series` },
  {
    what: 'is there now',
    series: ['new'],
    change: sql`
      insert into series (series_key, partition, last_number)
      select series_key, partition, 50 from event where position = (select max(position) from event)`,
  },
])('when a counter $what since it was read, the dispatch is refused (TD003)', async ({ series, change }, { steps }) => {
  await steps.publish({ seriesId: 'a' })
  await dispatchTaken(steps)
  for (const seriesId of series) await steps.publish({ seriesId })
  const taken = await take(steps)
  await steps.db.query(change)
  for (const ends of [false, true]) {
    const request = requestOf(taken.map((record) => ({ ...record, endsSeries: ends })))
    const before = await written(steps)
    const error: unknown = await dispatchRecords(steps.db, steps.owned, request).catch((reason: unknown) => reason)
    expect([isLostOwnership(error), isMovedCursor(error), isChangedCounter(error)]).toEqual([false, false, true])
    expect(await written(steps)).toEqual(before)
  }
  expect(await dispatchTaken(steps), 'taken again').toHaveLength(1)
})

test('an unreadable record is parked, without a number, and the cursor goes on', async ({ steps }) => {
  const [event] = await steps.publish({ seriesId: 'a' })
  await storeOddCopy(steps.db, required(event, 'a record').uuid, { hasType: false })
  const [good, bad] = await take(steps)
  const { position, partition, uuid } = required(bad, 'a record')
  await dispatchRecords(steps.db, steps.owned, {
    ...requestOf([required(good, 'a record')]),
    cursors: [{ partition, was: 0, next: position, watermark: 0 }],
    poison: [{ partition, position, uuid, reason: 'a reason' }],
  })
  expect(await deadLetterReasons(steps.db)).toEqual(['a reason'])
  expect(await storedDispatches(steps)).toEqual([{ position: good?.position, number: 1 }])
  expect(await take(steps)).toEqual([])
})

test('an event that removes subscriptions notes which, and how many notifications come before', async ({ steps }) => {
  await addTargets(steps.db, 2)
  await steps.publish({ deleteSubscriptionsMatchingSubject: true })
  const [record] = await take(steps)
  await steps.db.query(sql`update subscription set subject_filter = 'subject'`)
  await dispatchTaken(steps)
  expect(await pendingRemovals(steps.db)).toEqual([record?.position])
  expect(await unsettledRemovals(steps.db)).toEqual([{ unsettled: 3 }])
  expect(await steps.db.query(sql`select subscription_id from subject_removal_member`)).toHaveLength(1)
})
