import type { Ownership } from '../db/fence.ts'
import type { Log } from '../log.ts'
import { createLoop, type Idle, type WakeableWorker } from '../runtime/loop.ts'
import type { Machine } from '../runtime/machine.ts'
import { allot, type Share } from './allot.ts'
import type { MethodBreakers } from './breaker/method-breakers.ts'
import type { BusyLanes } from './busy-lanes.ts'
import type { Claimer } from './claimer.ts'
import type { ColdShares } from './cold-shares.ts'
import type { Hints } from './hints.ts'

const IDLE_MS = 1000
/** Cold lanes in memory per slot. */
const BUSY_PER_SLOT = 4

export interface ClaimLoopDeps {
  readonly hints: Pick<Hints, 'nextAfter'>
  readonly breakers: Pick<MethodBreakers, 'dueHints'>
  readonly coldShares: ColdShares
  readonly busy: Pick<BusyLanes, 'size'>
  readonly claimer: Claimer
  /** Slots in all. */
  readonly inAll: number
  readonly ownership: Pick<Ownership, 'isLeaseHeld'>
  /** Called at each turn: the lease may be held again. */
  readonly onTick: () => void
  readonly log: Log
  readonly machine: Machine
}

/** Claims cold lanes for the slots that are free, whenever a hint comes due or somebody wakes it, and scans. */
export function createClaimLoop(deps: ClaimLoopDeps): WakeableWorker {
  const { hints, breakers, coldShares, busy, claimer, inAll, ownership, onTick, log, machine } = deps

  async function tick(): Promise<number | Idle> {
    onTick()
    const scan = await claimer.scanIfDue()
    if (scan !== 'not_due') return scan === 'done' ? 0 : { restMs: 0 }
    // The clock is read once per tick: a hint that came due between two readings would wait for a wake.
    const now = machine.now()
    const shares = claimable(now)
    if (shares.length === 0) return { restMs: restMs(hints.nextAfter(now), claimer.nextScanAt, now) }
    await claimer.claim(shares)
    return 0
  }

  function claimable(now: number): Share[] {
    if (!ownership.isLeaseHeld() || busy.size >= BUSY_PER_SLOT * inAll) return []
    return allot(breakers.dueHints(now), coldShares, inAll)
  }

  return createLoop({ name: 'deliver', log, tick, machine })
}

/**
 * Returns the time until the next hint comes due, or until the next scan. A hint that is due but has no slot needs no
 * time: a freed slot wakes the loop.
 */
function restMs(nextDueAt: number | undefined, nextScanAt: number, now: number): number {
  const untilDue = nextDueAt === undefined ? IDLE_MS : nextDueAt - now
  return Math.max(1, Math.min(untilDue, IDLE_MS, nextScanAt - now))
}
