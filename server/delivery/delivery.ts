import type { Database } from '../db/database.ts'
import type { Ownership } from '../db/fence.ts'
import type { Log } from '../log.ts'
import type { Worker } from '../runtime/loop.ts'
import { MACHINE, type Machine } from '../runtime/machine.ts'
import { required } from '../runtime/required.ts'
import { createExpirySweep } from './breaker/expiry-sweep.ts'
import { createMethodBreakers } from './breaker/method-breakers.ts'
import { createPacedSlots } from './breaker/paced-slots.ts'
import { settlementOf, type Head, type RetryPolicy } from './attempt.ts'
import { createBusyLanes } from './busy-lanes.ts'
import { createClaimLoop } from './claim-loop.ts'
import { createClaimer } from './claimer.ts'
import { createColdShares } from './cold-shares.ts'
import { createDraining, type Draining } from './drain.ts'
import { createGiveOut } from './give-out.ts'
import { createGiveUpLog } from './give-up-log.ts'
import { createGroupedSlots, type GroupLimits } from './grouped-slots.ts'
import { createHints } from './hints.ts'
import type { DeliveryMethod } from '../lanes/lane.ts'
import type { PlacedLane } from '../lanes/placed-lane.ts'
import type { Deletions } from '../lanes/deletions.ts'
import type { LaneKeeper } from '../lanes/lane-keeper.ts'
import type { LaneMemory } from '../lanes/lane-memory.ts'
import type { Outlet } from '../lanes/lane-moves.ts'
import type { Lane, PartitionLanes } from '../lanes/lane-model.ts'
import type { TargetCache } from '../lanes/target-cache.ts'
import type { AttemptResult } from './send-result.ts'
import type { Sender } from './sender.ts'
import type { FinalSettlement } from '../lanes/settlement.ts'
import { createSettler } from './settler.ts'
import { createSlots, type SlotLimits } from './slots.ts'
import { createWire } from './wire.ts'

export interface DeliveryDeps {
  readonly method: DeliveryMethod
  readonly claimDb: Database
  readonly settleDb: Database
  readonly sender: Pick<Sender, 'send'>
  readonly memory: LaneMemory
  readonly lanes: Pick<LaneKeeper, 'open' | 'isOpen'>
  readonly targets: TargetCache
  readonly deletions: Pick<Deletions, 'isFresh' | 'renew'>
  readonly ownership: Ownership
  readonly retry: RetryPolicy
  /** The clock of the database. */
  readonly now: () => Date
  readonly limits: SlotLimits & { readonly groups?: GroupLimits }
  /** Called when a notification of an event that removes subscriptions was settled. */
  readonly onCountedDown: () => void
  /** Nothing may wait in these cold lanes any more: then their rows can go. */
  readonly onEmptied: (lanes: readonly PlacedLane[]) => Promise<void>
  readonly log: Log
  readonly machine?: Machine | undefined
}

export interface Delivery extends Worker, Draining, Outlet {
  /** Scans the tables for cold lanes at once. */
  rescan(): void
  /** Gives out turns again: something that kept heads back may have passed. */
  wake(): void
  /** Whether memory has this cold lane, or reads it. */
  isBusy(lane: PlacedLane): boolean
  /** See `LaneKeeperDeps.ended`. */
  ended(home: PartitionLanes): Promise<void>
}

/**
 * Sends the heads of the lanes of one method, in turns, and has their outcomes written. Delivery is at-least-once: an
 * outcome that is not written is followed by another attempt.
 *
 * The way of an attempt (docs/architecture.md has all of it, from the publish on):
 *
 * | what                                         | by                                                               |
 * |----------------------------------------------|------------------------------------------------------------------|
 * | a hot lane has a head                        | dispatch -> `LaneAdditions.dispatched` -> `LaneMoves.offer`      |
 * | a cold lane is due                           | `hints`, `allot`, `claimer` -> `LaneAdditions.looked` -> `offer` |
 * | the head waits for its turn                  | `ready` -> `turns`, in `give-out.ts`                             |
 * | it has its turn and a slot                   | `give-out.ts`, with its text from the table if need be           |
 * | it is on the wire                            | `steps.sent`, `wire.send`: `maySend` in the tick of the write    |
 * | it has a result                              | `onResult` -> `settlementOf` -> `steps.result`                   |
 * | - delivered or given up                      | `settler` -> `settle_notifications` -> `onSettled`               |
 * | - to be tried again                          | `LaneKeeper.keep` -> `freeze_lanes` -> `coldUntil` -> `hints`    |
 * | settled: the next head, or the lane is empty | `steps.settled` -> `offer`, or forgotten, or `thaw_lanes`        |
 */
export function createDelivery(deps: DeliveryDeps): Delivery {
  const { method, claimDb, settleDb, sender, memory, lanes, targets, deletions } = deps
  const { ownership, retry, limits, onCountedDown, log, machine = MACHINE } = deps
  const { steps } = memory
  const isOpen = (home: PartitionLanes | undefined) => home !== undefined && lanes.isOpen(home)
  const clock = machine.now
  const hints = createHints((partition) => isOpen(memory.homes.get(partition)))
  const busy = createBusyLanes()
  const isBusy = (lane: PlacedLane) => busy.has(lane) || memory.has(lane)
  const breakers = createMethodBreakers({ ...deps, hints, onWake: () => loop.wake(), machine })
  const { workingDispatchers } = ownership
  const unpaced = limits.groups
    ? createGroupedSlots(limits, limits.groups, workingDispatchers)
    : createSlots(limits, workingDispatchers)
  const slots = createPacedSlots(unpaced, breakers)
  const coldShares = createColdShares(slots)
  const noteGivenUp = createGiveUpLog(log)
  const reads = { method, db: claimDb, hints, busy, memory, targets }
  const claimer = createClaimer({ ...reads, openPartitions: lanes.open, wokenAt: breakers.wokenAt, clock, log })
  const settler = createSettler({ db: settleDb, ownedPartitions: ownership.ownedPartitions, onSettled, log, machine })
  const wire = createWire({ sender, deletions, ownership, isOpen, slots, onResult, onNotSent, clock, machine })
  const mayGive = () => ownership.isLeaseHeld() && deletions.isFresh()
  const gives = { db: claimDb, slots, coldShares, breakers, log, machine }
  const giveOut = createGiveOut({ ...gives, steps, wire, mayGive, isOpen })
  const allots = { hints, breakers, coldShares, busy, claimer, inAll: limits.inAll }
  const loop = createClaimLoop({ ...allots, ownership, onTick: giveOut.soon, log, machine })
  const expirySweep = createExpirySweep({ ...deps, db: claimDb, breakers, busy, isBusy })

  function onResult(lane: Lane, head: Head, result: AttemptResult): void {
    breakers.ended(lane, result, clock() - ('durationMs' in result ? result.durationMs : 0))
    const settlement = settlementOf(head, result, retry, machine.random)
    if (settlement.kind === 'given_up') noteGivenUp(head, settlement)
    steps.result(lane, settlement)
    onSlotFreed()
  }

  function onNotSent(lane: Lane): void {
    breakers.withdrawn(lane)
    steps.notSent(lane)
    onSlotFreed()
  }

  function onSettled(lane: Lane, settlements: readonly FinalSettlement[]): void {
    const isRemoval = lane.queue[0]?.event.deletesSubscriptions !== false
    steps.settled(lane, required(settlements.at(-1), 'an outcome').position)
    if (isRemoval) onCountedDown()
  }

  function onSlotFreed(): void {
    giveOut.soon()
    if (hints.size > 0) loop.wake()
  }

  return {
    ready: giveOut.ready,
    settle: settler.settle,
    coldUntil(pair, dueAt) {
      hints.add(pair, dueAt, { hasLater: true })
      loop.wake()
    },
    holdsCold: (lane) => busy.add({ ...lane, partition: lane.home.partition, addressKey: lane.target.addressKey }),
    left: busy.remove,
    isBusy,
    rescan() {
      claimer.rescan()
      loop.wake()
    },
    wake: giveOut.soon,
    async ended(home) {
      await wire.abortFormer(home)
      await settler.arrived(home.partition)
    },
    start: () => [settler, giveOut, loop, expirySweep].forEach((worker) => worker.start()),
    ...createDraining({
      method,
      claims: [loop, giveOut, expirySweep],
      settler,
      hints,
      wire,
      idle: memory.idle,
      log,
      machine,
    }),
  }
}
