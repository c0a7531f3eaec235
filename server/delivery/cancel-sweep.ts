import type { Database } from '../db/database.ts'
import type { Held, Holding } from '../db/fence.ts'
import type { Log } from '../log.ts'
import { createLoop, type Untried, type Worker } from '../runtime/loop.ts'
import type { LaneKey } from './lane.ts'
import { cancelGroup } from './settle.ts'
import { findCancelledLanes } from './settle-store.ts'

const EVERY_MS = 1000
const LANES_PER_TURN = 200
/** Longer than any dispatch transaction: what it matched before a DELETE becomes visible within this time. */
const RECENT_MS = 180_000

export interface CancelSweepParts {
  readonly db: Database
  readonly ownership: Held
  readonly isBusy: (lane: LaneKey) => boolean
  readonly onCancelled: () => void
  readonly log: Log
}

export interface CancelSweep extends Worker {
  /** Partitions were taken: the next round looks at all that is kept, not at the last minutes only. */
  lookAtAll(): void
}

/**
 * Settles what waits for subscriptions that were deleted, without waiting for its turn to be sent. Lanes on the wire are
 * left alone: their next claim sees the mark. The first round looks at all that is kept, later ones at the last minutes.
 */
export function createCancelSweep({ db, ownership, isBusy, onCancelled, log }: CancelSweepParts): CancelSweep {
  let isFull = true

  async function turn(): Promise<number | Untried> {
    const holding = ownership.holding()
    if (!ownership.isLeaseHeld() || holding.epochs.size === 0) return { restMs: EVERY_MS }
    const wasFull = isFull
    isFull = false
    try {
      return await sweep(holding, wasFull)
    } catch (error) {
      isFull ||= wasFull
      throw error
    }
  }

  async function sweep(holding: Holding, wasFull: boolean): Promise<number> {
    const found = await findCancelledLanes(db, [...holding.epochs.keys()], wasFull ? null : RECENT_MS, LANES_PER_TURN)
    // Lanes are left: the next round goes on with the same view.
    isFull ||= wasFull && found.length === LANES_PER_TURN
    const idle = found.filter((lane) => !isBusy(lane))
    if (idle.length > 0) {
      await cancelGroup(db, holding, idle)
      onCancelled()
    }
    return idle.length === LANES_PER_TURN ? 0 : EVERY_MS
  }

  return {
    ...createLoop({ name: 'cancel', log, turn }),
    lookAtAll() {
      isFull = true
    },
  }
}
