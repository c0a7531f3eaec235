import { createLaneMemory, type LaneMemory } from '@tidings/server/lanes/lane-memory.ts'
import type { Outlet } from '@tidings/server/lanes/lane-moves.ts'
import type { PartitionLanes } from '@tidings/server/lanes/lane-model.ts'
import { freezeLanes } from '@tidings/server/lanes/cold-lane-store.ts'
import { settleNotifications } from '@tidings/server/lanes/final-settlement-store.ts'
import { loadPartition } from '@tidings/server/lanes/load-partition.ts'
import { createTargetCache } from '@tidings/server/lanes/target-cache.ts'
import { createUnknownNotificationCheck } from '@tidings/server/lanes/unknown-notifications.ts'
import { required } from '@tidings/server/runtime/required.ts'
import { expect, test as base } from 'vitest'
import { dispatchTaken, finalOf, frozenLaneOf, type LaneEntry } from './support/core-steps.ts'
import { createRecordingLog, type RecordingLog } from './support/recording-log.ts'
import { openStepwiseService, type StepwiseService } from './support/stepwise-service.ts'

interface Fixtures {
  readonly steps: StepwiseService
  readonly loaded: Loaded
}

/** Memory with all that waits, and the check of it. */
interface Loaded {
  readonly memory: LaneMemory
  readonly home: PartitionLanes
  readonly recorded: RecordingLog
  /** Partitions that were to be read again. */
  readonly uncertain: number[]
  readonly check: () => Promise<number>
}

const PARTITION = 0
/** Lanes stay as they are: nothing is sent. */
const OUTLET: Outlet = {
  ready: () => undefined,
  settle: () => undefined,
  coldUntil: () => undefined,
  holdsCold: () => undefined,
  left: () => undefined,
}

const test = base.extend<Fixtures>({
  steps: async ({}, use) => {
    const steps = await openStepwiseService({ partitionCount: 1 })
    await steps.subscribe('http://127.0.0.1/')
    await use(steps)
    await steps.stop()
  },
  loaded: async ({ steps: { db } }, use) => {
    const clock = () => performance.now()
    const memory = createLaneMemory({ outletOf: () => OUTLET, onRequest: () => undefined, clock })
    const targets = createTargetCache({ db, isCancelled: memory.isCancelled })
    const home = memory.begin(PARTITION, 7)
    await loadPartition({ db, memory, targets, clock }, home)
    const recorded = createRecordingLog()
    const uncertain: number[] = []
    const { check } = createUnknownNotificationCheck({
      db,
      homes: memory.homes,
      uncertain: (partitions) => void uncertain.push(...partitions),
      log: recorded.log,
    })
    await use({ memory, home, recorded, uncertain, check })
  },
})

/** Dispatches two events of a series and one outside, and reads the partition into memory. */
async function dispatchAndLoad({ steps, loaded }: Fixtures): Promise<readonly [LaneEntry, LaneEntry, LaneEntry]> {
  await steps.publish({ subject: 's', seriesId: 'a' }, { subject: 's', seriesId: 'a' }, { seriesId: null })
  const [first, second, other] = await dispatchTaken(steps)
  if (!first || !second || !other) throw new Error('expected three notifications')
  loaded.home.state = 'loading'
  const { memory, home } = loaded
  const clock = () => performance.now()
  const targets = createTargetCache({ db: steps.db, isCancelled: memory.isCancelled })
  await loadPartition({ db: steps.db, memory, targets, clock }, home)
  return [first, second, other]
}

const laneOf = ({ home }: Loaded, { targetId, laneSeries }: LaneEntry) =>
  required(home.lanes.get(`${targetId} ${laneSeries}`), 'its lane')

test('what waits in memory, is settled or has a row is known', async ({ steps, loaded }) => {
  const { home, check } = loaded
  expect(await check(), 'nothing is there').toBe(0)
  const [first, , other] = await dispatchAndLoad({ steps, loaded })
  expect(home.lanes.size).toBe(2)
  expect([await check(), await check()], 'in memory').toEqual([0, 0])
  await settleNotifications(steps.db, steps.owned, [finalOf(other)], [])
  loaded.memory.steps.forget(laneOf(loaded, other))
  await freezeLanes(steps.db, steps.owned, [await frozenLaneOf(steps, first)], [], [])
  loaded.memory.steps.forget(laneOf(loaded, first))
  expect(home.lanes.size).toBe(0)
  expect([await check(), await check()], 'settled, and in a lane with a row').toEqual([0, 0])
  expect(loaded.uncertain).toEqual([])
  expect(loaded.recorded.messages).not.toContain('notifications were lost in memory')
})

test('what memory has lost is reported when it is missed twice, and its partition read again', async ({
  steps,
  loaded,
}) => {
  const [first, second] = await dispatchAndLoad({ steps, loaded })
  const { memory, home, recorded, uncertain, check } = loaded
  expect(await check()).toBe(0)
  // As if a step had dropped the lane by mistake: its notes no longer hold the watermark back.
  memory.steps.forget(laneOf(loaded, first))
  expect(home.watermark()).toBeGreaterThanOrEqual(second.position)
  expect(await check(), 'it may be on its way').toBe(0)
  expect(uncertain).toEqual([])
  expect(await check()).toBe(2)
  expect(uncertain).toEqual([PARTITION])
  expect(recorded.messages).toContain('notifications were lost in memory')
  expect([await check(), await check()], 'once').toEqual([0, 0])
  expect(uncertain).toEqual([PARTITION])
})

test('a partition that is not open is not looked at', async ({ steps, loaded }) => {
  const [first] = await dispatchAndLoad({ steps, loaded })
  loaded.memory.steps.forget(laneOf(loaded, first))
  loaded.home.state = 'uncertain'
  expect([await loaded.check(), await loaded.check(), await loaded.check()]).toEqual([0, 0, 0])
  expect(loaded.uncertain).toEqual([])
})
