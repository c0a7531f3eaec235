import { randomUUID } from 'node:crypto'
import { isLostOwnership } from '@tidings/server/db/fence.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { isMovedCursor } from '@tidings/server/dispatch/dispatch-store.ts'
import { expandFanOuts } from '@tidings/server/dispatch/fan-out-store.ts'
import { freezeLanes } from '@tidings/server/lanes/cold-lane-store.ts'
import type { FanOut } from '@tidings/server/lanes/fan-out.ts'
import { settleNotifications } from '@tidings/server/lanes/final-settlement-store.ts'
import { countStuckLanes } from '@tidings/server/recovery/stuck-lanes.ts'
import { required } from '@tidings/server/runtime/required.ts'
import { expect } from 'vitest'
import { dispatchAsFanOuts, dispatchTaken, finalOf, frozenLaneOf } from './support/core-steps.ts'
import type { StepwiseService } from './support/stepwise-service.ts'
import { stepwiseTest } from './support/stepwise-test.ts'
import {
  addTargets,
  countNotifications,
  endTargets,
  setPartitionEpochs,
  storedFanOuts,
  storedLanes,
  unsettledRemovals,
} from './support/stored-state.ts'

const test = stepwiseTest({ partitionCount: 1, targetCount: 5 })

const expand = ({ db, owned }: StepwiseService, fanOut: FanOut, size: number, areCold = false) =>
  expandFanOuts(db, owned, [{ fanOut, size }], areCold)

async function onlyFanOut(steps: StepwiseService): Promise<FanOut> {
  const fanOuts = await dispatchAsFanOuts(steps)
  expect(fanOuts).toHaveLength(1)
  return required(fanOuts[0], 'a fan-out')
}

test('a fan-out goes where the event went at its dispatch, in slices, each target once', async ({ steps }) => {
  await steps.publish({})
  const fanOut = await onlyFanOut(steps)
  expect(fanOut).toMatchObject({ number: 1, size: 5, done: 0, tenant: 'dev', deletesSubscriptions: false })
  expect(await countNotifications(steps.db)).toEqual({})
  await steps.subscribe('http://127.0.0.1/later')
  await endTargets(steps.db, 0)
  const first = await expand(steps, fanOut, 2)
  expect(first.map(({ isCold, position }) => ({ isCold, position }))).toEqual(
    Array.from({ length: 2 }, () => ({ isCold: false, position: fanOut.position })),
  )
  expect(await storedFanOuts(steps.db)).toMatchObject([{ size: 5, done: 2 }])
  const rest = await expand(steps, { ...fanOut, done: 2 }, 100)
  expect(rest).toHaveLength(3)
  expect(new Set([...first, ...rest].map(({ targetId }) => targetId)).size).toBe(5)
  expect(await storedFanOuts(steps.db)).toEqual([])
  expect(await steps.db.query(sql`select distinct number from notification`)).toEqual([{ number: 1 }])
})

test('an event that matches nothing is no fan-out, and is dispatched', async ({ steps }) => {
  await steps.db.query(sql`update subscription set enabled = false`)
  await steps.publish({})
  expect(await dispatchAsFanOuts(steps)).toEqual([])
  expect(await steps.db.query(sql`select number from dispatched`)).toEqual([{ number: 1 }])
})

test('a slice that is repeated, or comes under an old epoch, is refused, and nothing of it is done', async ({
  steps,
}) => {
  await steps.publish({})
  const fanOut = await onlyFanOut(steps)
  await expand(steps, fanOut, 2)
  await expect(expand(steps, fanOut, 2)).rejects.toSatisfy(isMovedCursor)
  await setPartitionEpochs(steps.db, 8)
  await expect(expand(steps, { ...fanOut, done: 2 }, 2)).rejects.toSatisfy(isLostOwnership)
  const others = { ...steps.owned, ownerId: randomUUID() }
  await expect(expandFanOuts(steps.db, others, [{ fanOut, size: 1 }], false)).rejects.toSatisfy(isLostOwnership)
  expect(await countNotifications(steps.db)).toEqual({ waiting: 2 })
  expect(await storedFanOuts(steps.db)).toMatchObject([{ done: 2 }])
})

test('of two same slices at once one is refused', async ({ steps }) => {
  await steps.publish({})
  const fanOut = await onlyFanOut(steps)
  const both = await Promise.allSettled([expand(steps, fanOut, 3), expand(steps, fanOut, 3)])
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(isMovedCursor(both.find((one) => one.status === 'rejected')?.reason)).toBe(true)
  expect(await countNotifications(steps.db)).toEqual({ waiting: 3 })
})

test('without room in memory its lanes get rows, due now, behind the watermark; a lane keeps the row it has', async ({
  steps,
}) => {
  await steps.publish({})
  const [entry] = await dispatchTaken(steps)
  const lane = await frozenLaneOf(steps, required(entry, 'a notification'), { attempts: 3, delayMs: 60_000 })
  await freezeLanes(steps.db, steps.owned, [lane], [], [])
  const [before] = await storedLanes(steps.db)
  await steps.publish({})
  const rows = await expand(steps, await onlyFanOut(steps), 5, true)
  expect(rows.map(({ isCold }) => isCold)).toEqual([true, true, true, true, true])
  const lanes = await storedLanes(steps.db)
  expect(lanes.find(({ targetId }) => targetId === lane.targetId)).toEqual(before)
  const others = lanes.filter(({ targetId }) => targetId !== lane.targetId)
  expect(others.map(({ headPosition, waiting, attempts }) => [headPosition, waiting, attempts])).toEqual(
    Array.from({ length: 4 }, () => [1, 1, 0]),
  )
  expect(await steps.db.query(sql`select from lane where due > now() and attempts = 0`)).toEqual([])
})

test('a lane that has a row is cold, the others are for memory', async ({ steps }) => {
  await steps.publish({})
  const [entry] = await dispatchTaken(steps)
  const lane = await frozenLaneOf(steps, required(entry, 'a notification'))
  await freezeLanes(steps.db, steps.owned, [lane], [], [])
  await steps.publish({})
  const rows = await expand(steps, await onlyFanOut(steps), 5)
  expect(rows.filter(({ isCold }) => isCold).map(({ targetId }) => targetId)).toEqual([lane.targetId])
  expect(await storedLanes(steps.db)).toHaveLength(1)
})

test('one statement may end a fan-out and begin the next one of its series', async ({ steps }) => {
  await steps.publish({}, {})
  const fanOuts = await dispatchAsFanOuts(steps)
  const [first, second] = [required(fanOuts[0], 'the first'), required(fanOuts[1], 'the second')]
  await expand(steps, first, 3)
  const slices = [
    { fanOut: second, size: 3 },
    { fanOut: { ...first, done: 3 }, size: 2 },
  ]
  expect(await expandFanOuts(steps.db, steps.owned, slices, true)).toHaveLength(5)
  expect(await storedFanOuts(steps.db)).toMatchObject([{ position: second.position, done: 3 }])
  expect(await storedLanes(steps.db)).toHaveLength(5)
})

test('an event that removes subscriptions waits for all of its targets, also for those that are gone', async ({
  steps,
}) => {
  await steps.publish({ deleteSubscriptionsMatchingSubject: true })
  const fanOut = await onlyFanOut(steps)
  expect(await unsettledRemovals(steps.db)).toEqual([{ unsettled: 5 }])
  await steps.db.query(sql`delete from delivery_target where id = (select max(id) from delivery_target)`)
  const rows = await expand(steps, fanOut, 3)
  const settled = rows.map((row) => finalOf({ ...row, laneSeries: fanOut.laneSeries }))
  await settleNotifications(steps.db, steps.owned, settled, [fanOut.position])
  expect(await unsettledRemovals(steps.db)).toEqual([{ unsettled: 2 }])
  expect(await expand(steps, { ...fanOut, done: 3 }, 3)).toHaveLength(1)
  expect(await unsettledRemovals(steps.db)).toEqual([{ unsettled: 1 }])
})

test('a batch with large events makes fan-outs of them, and of what follows in their series', async ({ steps }) => {
  await addTargets(steps.db, 1000)
  await steps.publish({ seriesId: 'a' }, { seriesId: 'b' }, { seriesId: 'a' })
  await steps.db.query(sql`update event set type1 = 'other' where position = (select max(position) from event)`)
  expect(await steps.dispatch()).toMatchObject({ records: 3, matched: { rows: [], hasFanOuts: true } })
  expect(await storedFanOuts(steps.db)).toMatchObject([{ number: 1 }, { number: 1 }])
  await steps.db.query(sql`update delivery_target set ended = now() where ordinal > 0`)
  await steps.publish({ seriesId: 'a' }, { seriesId: 'c' })
  const { matched } = await steps.dispatch()
  expect(matched.rows).toHaveLength(1)
  expect(await storedFanOuts(steps.db)).toMatchObject([{ number: 1 }, { number: 1 }, { number: 3, size: 1 }])
})

test('of more events in slices than fit into one dispatch the rest of the partition waits', async ({ steps }) => {
  await addTargets(steps.db, 1000)
  await steps.publish(...Array.from({ length: 9 }, () => ({ seriesId: 'a' })), { seriesId: 'b' })
  expect(await steps.dispatch()).toMatchObject({ records: 8, unfinished: [0] })
  expect(await steps.dispatch()).toMatchObject({ records: 2, unfinished: [] })
  expect((await storedFanOuts(steps.db)).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 1])
})

test('a fan-out that is not behind the watermark counts as stuck', async ({ steps }) => {
  await steps.publish({})
  await onlyFanOut(steps)
  expect(await countStuckLanes(steps.db)).toBe(0)
  await steps.db.query(sql`update partition_cursor set settled_below = position`)
  expect(await countStuckLanes(steps.db)).toBe(1)
})
