import type { Db } from '../../db/db.ts'
import type { OwnedPartitions, Ownership } from '../../db/fence.ts'
import type { Log } from '../../log.ts'
import { endWaiting, readColdLanes, type ColdLane } from '../../lanes/cold-lane-store.ts'
import type { DeliveryMethod, LaneKey } from '../../lanes/lane.ts'
import type { LaneKeeper } from '../../lanes/lane-keeper.ts'
import { laneKeyText } from '../../lanes/lane-model.ts'
import type { PlacedLane } from '../../lanes/placed-lane.ts'
import { createLoop, type Idle, type Worker } from '../../runtime/loop.ts'
import type { Machine } from '../../runtime/machine.ts'
import type { RetryPolicy } from '../attempt.ts'
import type { BusyLanes } from '../busy-lanes.ts'
import type { Breakers } from './breakers.ts'

/** From the end of a pass over the cold lanes to the next one. */
const PASS_EVERY_MS = 60_000
const LANES_PER_READ = 500
const ROWS_PER_STATEMENT = 1000
const FIRST: LaneKey = { targetId: 0, laneSeries: '00000000-0000-0000-0000-000000000000' }

export interface ExpirySweepDeps {
  readonly method: DeliveryMethod
  readonly db: Db
  readonly breakers: Pick<Breakers, 'isHopeless' | 'hasHopeless'>
  readonly busy: BusyLanes
  /** Whether memory has this cold lane, or reads it. */
  readonly isBusy: (lane: PlacedLane) => boolean
  readonly lanes: Pick<LaneKeeper, 'open'>
  readonly ownership: Pick<Ownership, 'isLeaseHeld'>
  readonly retry: Pick<RetryPolicy, 'horizonMs'>
  /** Nothing may wait in these lanes any more: then their rows can go. */
  readonly onEmptied: (lanes: readonly PlacedLane[]) => Promise<void>
  /** Called when a notification of an event that removes subscriptions may have been settled. */
  readonly onCountedDown: () => void
  readonly log: Log
  readonly machine?: Machine | undefined
}

/**
 * Gives up what is past its horizon behind a breaker that has been open for long: who waits there makes no attempts of
 * its own, and would wait for ever. The failed probes count in their place. Looks at all cold lanes, by key.
 */
export function createExpirySweep(deps: ExpirySweepDeps): Worker {
  const { method, db, breakers, busy, isBusy, lanes: keeper, ownership, retry } = deps
  const { onEmptied, onCountedDown, log, machine } = deps
  const end = { state: 'given_up', minAgeMs: retry.horizonMs } as const
  let last: LaneKey = FIRST
  let count = 0

  async function tick(): Promise<number | Idle> {
    if (!ownership.isLeaseHeld() || !breakers.hasHopeless()) {
      last = FIRST
      return { restMs: PASS_EVERY_MS }
    }
    const lanes = await readColdLanes(db, last, LANES_PER_READ)
    const owned = keeper.open()
    await giveUp(
      owned,
      lanes.filter(
        (lane) =>
          lane.method === method &&
          owned.epochs.has(lane.partition) &&
          breakers.isHopeless(lane.addressKey) &&
          !isBusy(lane),
      ),
    )
    const lastRead = lanes.at(-1)
    if (lanes.length === LANES_PER_READ && lastRead) {
      last = lastRead
      return 0
    }
    if (count > 0) log.warn({ method, count }, 'notifications given up, their receivers failed all the time')
    last = FIRST
    count = 0
    return PASS_EVERY_MS
  }

  /** The lanes are busy meanwhile, so none of their heads is read, and sent, beside it. */
  async function giveUp(owned: OwnedPartitions, lanes: readonly ColdLane[]): Promise<void> {
    const ended = new Map<string, ColdLane>()
    if (lanes.length === 0) return
    for (const lane of lanes) busy.add(lane)
    try {
      const byKey = new Map(lanes.map((lane) => [laneKeyText(lane), lane]))
      for (;;) {
        const found = await endWaiting(db, owned, lanes, end, ROWS_PER_STATEMENT)
        if (found.length === 0) break
        onCountedDown()
        count += found.length
        for (const key of found.map(laneKeyText)) {
          const lane = byKey.get(key)
          if (lane) ended.set(key, lane)
        }
      }
    } finally {
      for (const lane of lanes) busy.remove(lane)
    }
    if (ended.size > 0) await onEmptied([...ended.values()])
  }

  return createLoop({ name: `expiry ${method}`, log, tick, machine })
}
