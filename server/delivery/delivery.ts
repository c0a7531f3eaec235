import type { Database } from '../db/database.ts'
import type { Held } from '../db/fence.ts'
import type { Log } from '../log.ts'
import { createLoop, type Untried, type Worker } from '../runtime/loop.ts'
import { allot, type Share } from './allot.ts'
import { settlementOf, type RetryPolicy } from './attempt.ts'
import { createBusyLanes } from './busy-lanes.ts'
import { createClaimer } from './claimer.ts'
import { createEnding, type Ending } from './ending.ts'
import { createGroupedSlots, type GroupLimits } from './grouped-slots.ts'
import { createGiveUpLog } from './give-up-log.ts'
import { createHints, type Pair } from './hints.ts'
import { isStillDue, type DeliveryMethod, type Head, type LaneKey } from './lane.ts'
import type { Sender } from './sender.ts'
import type { Settlement } from './settle-store.ts'
import { createSettler } from './settler.ts'
import { createSlots, type SlotLimits } from './slots.ts'
import { createWire } from './wire.ts'

const IDLE_MS = 1000
/** Lanes that are busy although their request is over, per slot: outcomes that wait for the database. */
const BUSY_PER_SLOT = 4

export interface DeliveryParts {
  readonly method: DeliveryMethod
  readonly claimDb: Database
  readonly settleDb: Database
  readonly sender: Pick<Sender, 'send'>
  readonly ownership: Held
  readonly retry: RetryPolicy
  readonly limits: SlotLimits & { readonly groups?: GroupLimits }
  /** A notification of an event that removes subscriptions was settled. */
  readonly onCountedDown: () => void
  readonly log: Log
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

export interface Delivery extends Worker, Ending {
  /** Lanes of these pairs may be due now. */
  hint(pairs: readonly Pair[]): void
  /** Look through the tables for pairs, at once. */
  rescan(): void
  /** Whether a lane's head is on the wire, or its outcome is not written yet. */
  isBusy(lane: LaneKey): boolean
}

/** Claims due heads of one method, sends them, has their outcomes settled, in a circle: a settled head makes its lane's next one due. */
export function createDelivery(parts: DeliveryParts): Delivery {
  const { method, claimDb, settleDb, sender, ownership, retry, limits, onCountedDown, log, clock = () => performance.now() } = parts
  const hints = createHints((partition) => ownership.holding().epochs.has(partition))
  const busy = createBusyLanes()
  const slots = limits.groups ? createGroupedSlots(limits, limits.groups) : createSlots(limits)
  const noteGivenUp = createGiveUpLog(log)
  const claimer = createClaimer({ method, db: claimDb, hints, busy, holding: ownership.holding, clock, log })
  const settler = createSettler({ db: settleDb, holding: ownership.settling, onDone, log })
  const wire = createWire({ sender, isStillDue: (head) => isStillDue(claimDb, ownership.holding(), head), ownership, slots, onResult, onNotSent, clock })
  const loop = createLoop({ name: 'deliver', log, turn })
  /** Shrinks when claims grow too old before they are sent. */
  let mostHeads = limits.inAll

  async function turn(): Promise<number | Untried> {
    const scan = await claimer.scanIfDue()
    if (scan !== 'not_due') return scan === 'done' ? 0 : { restMs: 0 }
    // One reading for all of the turn: a hint that came due between two would wait for a wake.
    const now = clock()
    const shares = claimable(now)
    if (shares.length === 0) return { restMs: restMs(hints.nextAfter(now), claimer.nextScanAt, now) }
    await claimer.claim(shares, (head) => head.isCancelled ? settler.cancel(head) : wire.send(head, now))
    return 0
  }

  function claimable(now: number): Share[] {
    if (!ownership.isLeaseHeld() || busy.size >= BUSY_PER_SLOT * limits.inAll) return []
    return allot(hints.due(now), slots, mostHeads)
  }

  function onResult(head: Head, result: Parameters<typeof settlementOf>[1]): void {
    mostHeads = Math.min(limits.inAll, mostHeads + 1)
    settler.settle(head, settlementOf(head, result, retry))
    loop.wake()
  }

  function onNotSent(head: Head, isStale: boolean): void {
    if (isStale) mostHeads = Math.max(1, Math.floor(mostHeads / 2))
    letGo(head, 0)
  }

  function onDone(head: Head, settlement: Settlement | 'cancelled' | 'lost'): void {
    if (typeof settlement !== 'string' && settlement.kind === 'given_up') noteGivenUp(head, settlement)
    letGo(head, typeof settlement === 'string' ? 0 : settlement.delayMs)
    if (head.deletesSubscriptions) onCountedDown()
  }

  function letGo(head: Head, inMs: number): void {
    busy.remove(head)
    hints.add(head, clock() + inMs, { hasLater: inMs > 0 })
    loop.wake()
  }

  return {
    hint(pairs) {
      for (const pair of pairs) hints.add(pair, clock())
      loop.wake()
    },
    rescan() {
      claimer.rescan()
      loop.wake()
    },
    isBusy: busy.has,
    start() {
      for (const worker of [settler, loop]) worker.start()
    },
    ...createEnding({ method, claims: loop, settler, hints, wire, busy, log }),
  }
}

/** Until the next hint comes due, or the next scan. A hint that is due but cannot be followed waits for a slot, and a freed slot wakes the loop. */
function restMs(nextDueAt: number | undefined, nextScanAt: number, now: number): number {
  const untilDue = nextDueAt === undefined ? IDLE_MS : nextDueAt - now
  return Math.max(1, Math.min(untilDue, IDLE_MS, nextScanAt - now))
}
