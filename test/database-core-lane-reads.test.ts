import {
  findCancelledLanes,
  findDueLanes,
  freezeLanes,
  readNextDue,
  readWaiting,
  scanPairs,
} from '@tidings/server/lanes/cold-lane-store.ts'
import { countStuckLanes } from '@tidings/server/recovery/stuck-lanes.ts'
import { required } from '@tidings/server/runtime/required.ts'
import { expect } from 'vitest'
import { dispatchTaken, entriesOf, firstOf, freezeFirst, frozenLaneOf, settleAll } from './support/core-steps.ts'
import { stepwiseTest } from './support/stepwise-test.ts'
import { endSubscriptions, setPartitionEpochs } from './support/stored-state.ts'

const test = stepwiseTest({ partitionCount: 1, targetCount: 1 })

test('of a due lane the first that waits are read, in their order; of an empty one that it is empty', async ({
  steps,
}) => {
  const entries = await entriesOf(steps, 4)
  const lane = firstOf(entries)
  expect(await readWaiting(steps.db, steps.owned, [lane], 2), 'without a row').toEqual([])
  await freezeLanes(steps.db, steps.owned, [await frozenLaneOf(steps, lane, { attempts: 3 })], [], [])
  await settleAll(steps, entries.slice(1, 2))
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
  await settleAll(steps, entries)
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
  const lane = firstOf(entries)
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
  await moveWatermark(firstOf(entries).position)
  expect(await countStuckLanes(steps.db)).toBe(0)
  await moveWatermark(required(entries[2], 'three').position)
  expect(await countStuckLanes(steps.db)).toBe(2)
  await settleAll(steps, entries.slice(1))
  expect(await countStuckLanes(steps.db)).toBe(0)
})
