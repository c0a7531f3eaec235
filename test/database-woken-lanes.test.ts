import {
  endWaiting,
  findDueLanes,
  freezeLanes,
  readColdLanes,
  readNextDue,
  readWaiting,
} from '@tidings/server/lanes/cold-lane-store.ts'
import { required } from '@tidings/server/runtime/required.ts'
import { expect } from 'vitest'
import { dispatchTaken, firstOf, frozenLaneOf } from './support/core-steps.ts'
import { stepwiseTest } from './support/stepwise-test.ts'
import { storedNotifications, unsettledRemovals } from './support/stored-state.ts'

const test = stepwiseTest({ partitionCount: 1, targetCount: 1 })

test('a lane is found and read before it is due once it is woken, but not before it may be', async ({ steps }) => {
  await steps.publish({})
  const lane = await frozenLaneOf(steps, firstOf(await dispatchTaken(steps)), {
    delayMs: 600_000,
    wakesAfterMs: 60_000,
  })
  await freezeLanes(steps.db, steps.owned, [lane], [], [])
  const pair = { partition: 0, addressKey: lane.addressKey }
  const inMs = (ms: number) => new Date(Date.now() + ms)
  const findAt = (wokenAt: Date | null) => findDueLanes(steps.db, 'WEBHOOK', [{ pair, limit: 5, wokenAt }])
  const readAt = (wokenAt: Date | null) => readWaiting(steps.db, steps.owned, [{ ...lane, wokenAt }], 5)
  for (const wokenAt of [null, inMs(30_000)]) {
    expect(await findAt(wokenAt)).toEqual([])
    expect(await readAt(wokenAt)).toEqual([])
    expect(firstOf(await readNextDue(steps.db, 'WEBHOOK', [{ pair, limit: 5, wokenAt }])).inMs).toBeGreaterThan(500_000)
  }
  expect(await findAt(inMs(90_000))).toMatchObject([{ laneSeries: lane.laneSeries }])
  expect(await readAt(inMs(90_000))).toMatchObject([{ position: lane.firstPosition }])
  const next = await readNextDue(steps.db, 'WEBHOOK', [{ pair, limit: 5, wokenAt: inMs(90_000) }])
  expect(firstOf(next).inMs).toBeLessThanOrEqual(0)
  await freezeLanes(steps.db, steps.owned, [{ ...lane, wakesAfterMs: undefined }], [], [])
  expect(await findAt(inMs(90_000)), 'whoever has not said when is not woken').toEqual([])
})

test('what is past its horizon is given up without an attempt, and counted down; what is younger stays', async ({
  steps,
}) => {
  await steps.publish({}, { deleteSubscriptionsMatchingSubject: true }, {})
  const entries = await dispatchTaken(steps)
  await freezeLanes(steps.db, steps.owned, [await frozenLaneOf(steps, firstOf(entries), { attempts: 2 })], [], [])
  const giveUp = (minAgeMs: number) =>
    endWaiting(steps.db, steps.owned, [firstOf(entries)], { state: 'given_up', minAgeMs }, 2)
  expect(await giveUp(60_000)).toEqual([])
  const { targetId, laneSeries } = firstOf(entries)
  expect(await giveUp(0)).toEqual([
    { targetId, laneSeries },
    { targetId, laneSeries },
  ])
  expect(await storedNotifications(steps.db)).toMatchObject([
    { state: 'given_up', attempts: 2 },
    { state: 'given_up', attempts: 0 },
    { state: 'waiting' },
  ])
  expect(await unsettledRemovals(steps.db)).toEqual([{ unsettled: 0 }])
})

test('all cold lanes are found by key, one read behind the other', async ({ steps }) => {
  await steps.publish(...['a', 'b', 'c'].map((seriesId) => ({ seriesId })))
  const lanes = await Promise.all((await dispatchTaken(steps)).map((entry) => frozenLaneOf(steps, entry)))
  await freezeLanes(steps.db, steps.owned, lanes, [], [])
  const read = await readColdLanes(steps.db, { targetId: 0, laneSeries: '00000000-0000-0000-0000-000000000000' }, 2)
  expect(read).toHaveLength(2)
  const rest = await readColdLanes(steps.db, required(read.at(-1), 'a lane'), 2)
  expect([...read, ...rest].map(({ laneSeries }) => laneSeries)).toEqual(
    lanes.map(({ laneSeries }) => laneSeries).toSorted(),
  )
  expect(firstOf(rest)).toMatchObject({ partition: 0, method: 'WEBHOOK', addressKey: firstOf(lanes).addressKey })
})
