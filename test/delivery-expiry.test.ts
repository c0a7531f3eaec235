import { createBusyLanes } from '@tidings/server/delivery/busy-lanes.ts'
import { createExpirySweep } from '@tidings/server/delivery/breaker/expiry-sweep.ts'
import { freezeLanes } from '@tidings/server/lanes/cold-lane-store.ts'
import type { PlacedLane } from '@tidings/server/lanes/placed-lane.ts'
import { expect, onTestFinished, test } from 'vitest'
import { dispatchTaken, frozenLaneOf } from './support/core-steps.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { eventually } from './support/service-fixtures.ts'
import { openStepwiseService } from './support/stepwise-service.ts'
import { countNotifications } from './support/stored-state.ts'

/** More lanes than one read finds. */
const LANES = 1200

test('what is past its horizon behind a breaker that is open for long is given up, and nothing else is', async () => {
  const steps = await openStepwiseService()
  onTestFinished(() => steps.stop())
  for (const path of ['hopeless', 'other']) await steps.subscribe(`http://127.0.0.1/${path}`)
  await steps.publish(...Array.from({ length: LANES / 2 }, (_, id) => ({ seriesId: String(id) })))
  const entries = []
  for (let found = 1; found > 0; entries.push()) {
    const taken = await dispatchTaken(steps)
    found = taken.length
    entries.push(...taken)
  }
  const lanes = await Promise.all(entries.map((entry) => frozenLaneOf(steps, entry)))
  await freezeLanes(steps.db, steps.owned, lanes, [], [])
  const [first] = lanes
  const hopeless = lanes.filter(({ addressKey }) => addressKey === first?.addressKey)
  const inMemory = hopeless.at(-1)
  const emptied: PlacedLane[] = []
  const { log, messages } = createRecordingLog()
  const busy = createBusyLanes()
  const sweep = createExpirySweep({
    method: 'WEBHOOK',
    db: steps.db,
    breakers: { isHopeless: (addressKey) => addressKey === first?.addressKey, hasHopeless: () => true },
    busy,
    isBusy: ({ laneSeries, targetId }) => laneSeries === inMemory?.laneSeries && targetId === inMemory.targetId,
    lanes: { open: () => steps.owned },
    ownership: { isLeaseHeld: () => true },
    retry: { horizonMs: 1 },
    onEmptied: (some) => Promise.resolve(void emptied.push(...some)),
    onCountedDown: () => undefined,
    log,
  })
  onTestFinished(() => sweep.stop())
  sweep.start()
  await eventually(() => messages).toContain('notifications given up, their receivers failed all the time')
  expect(await countNotifications(steps.db)).toEqual({
    given_up: hopeless.length - 1,
    waiting: lanes.length - hopeless.length + 1,
  })
  expect(emptied).toHaveLength(hopeless.length - 1)
  expect(busy.size).toBe(0)
})
