import type { Database } from '../db/database.ts'
import type { Ownership } from '../db/fence.ts'
import type { Log } from '../log.ts'
import { createLoop, type Idle, type Worker } from '../runtime/loop.ts'
import type { Machine } from '../runtime/machine.ts'
import { endWaiting, findCancelledLanes } from '../lanes/cold-lane-store.ts'
import type { PlacedLane } from '../lanes/placed-lane.ts'
import type { LaneKeeper } from '../lanes/lane-keeper.ts'

const SWEEP_INTERVAL_MS = 1000
const LANES_PER_TICK = 200
const ROWS_PER_STATEMENT = 1000
/** Longer than any dispatch may run: what one matched before a DELETE becomes visible within this time. */
const RECENT_MS = 180_000

export interface CancelSweepDeps {
  readonly db: Database
  readonly ownership: Pick<Ownership, 'isLeaseHeld'>
  readonly lanes: Pick<LaneKeeper, 'open'>
  /** Whether memory has this lane, which cancels what waits in it itself. */
  readonly isBusy: (lane: PlacedLane) => boolean
  /** Nothing waits in these lanes any more: their rows can go. */
  readonly onEmptied: (lanes: readonly PlacedLane[]) => Promise<void>
  readonly onCancelled: () => void
  readonly log: Log
  readonly machine?: Machine | undefined
}

export interface CancelSweep extends Worker {
  /** Partitions were taken: the next round covers all subscriptions, not only those that ended in the last minutes. */
  sweepAll(): void
}

/**
 * Cancels what waits in cold lanes of deleted subscriptions without waiting until it would be sent. The first round
 * covers all subscriptions in the database, later rounds those that ended in the last minutes.
 */
export function createCancelSweep(deps: CancelSweepDeps): CancelSweep {
  const { db, ownership, lanes, isBusy, onEmptied, onCancelled, log, machine } = deps
  let isFull = true

  async function tick(): Promise<number | Idle> {
    const partitions = [...lanes.open().epochs.keys()]
    if (!ownership.isLeaseHeld() || partitions.length === 0) return { restMs: SWEEP_INTERVAL_MS }
    const wasFull = isFull
    isFull = false
    try {
      return await sweep(partitions, wasFull)
    } catch (error) {
      isFull ||= wasFull
      throw error
    }
  }

  async function sweep(partitions: readonly number[], wasFull: boolean): Promise<number> {
    const found = await findCancelledLanes(db, partitions, wasFull ? null : RECENT_MS, LANES_PER_TICK)
    // There may be more lanes: the next round covers the same subscriptions again.
    isFull ||= wasFull && found.length === LANES_PER_TICK
    const idle = found.filter((lane) => !isBusy(lane))
    if (idle.length === 0) return SWEEP_INTERVAL_MS
    const owned = lanes.open()
    const mine = idle.filter(({ partition }) => owned.epochs.has(partition))
    const cancel = () => endWaiting(db, owned, mine, { state: 'cancelled' }, ROWS_PER_STATEMENT)
    while ((await cancel()).length > 0) onCancelled()
    await onEmptied(mine)
    return idle.length === LANES_PER_TICK ? 0 : SWEEP_INTERVAL_MS
  }

  return {
    ...createLoop({ name: 'cancel', log, tick, machine }),
    sweepAll() {
      isFull = true
    },
  }
}
