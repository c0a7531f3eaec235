import type { DeliveryMethod, Pair } from './lane.ts'
import type { Freeze, Lane, Offer, Waiting } from './lane-model.ts'
import { cancellationOf } from './cancellation.ts'
import type { FinalSettlement } from './settlement.ts'

/** Notifications that are cancelled together. */
const MAX_CANCELLED = 500

/** The work on the lanes of one method, outside of the memory. */
export interface Outlet {
  /** The head of this lane waits for a slot, as long as this is its offer. */
  ready(offer: Offer): void
  /** These outcomes of its first notifications are to be written; `LaneSteps.settled` says when they are. */
  settle(lane: Lane, settlements: readonly FinalSettlement[]): void
  /** Rows of lanes of this pair may be due at `dueAt`, in monotonic ms. */
  coldUntil(pair: Pair, dueAt: number): void
  /** This lane, which memory holds, has a row now. */
  holdsCold(lane: Lane): void
  /** This lane left memory. */
  left(lane: Lane): void
}

export interface LaneMovesDeps {
  readonly outletOf: (method: DeliveryMethod) => Outlet
  readonly clock: () => number
  /** Rows are to be written or deleted. */
  readonly onRequest: () => void
  /** A lane, or its head, is no longer worked on. */
  readonly onProgress: (lane: Lane) => void
  /** A notification is no longer in memory. */
  readonly onForgotten: (lane: Lane, waiting: Waiting) => void
}

/** What the steps of a lane consist of. */
export interface LaneMoves {
  enter(lane: Lane, step: Lane['step']): void
  /** Forgets so many notifications of the queue, from this one on. */
  drop(lane: Lane, count: number, from?: number): void
  /** Forgets what is behind the head: it will be read again. */
  keepHead(lane: Lane): void
  /** Forgets a lane without a word to the table. */
  forget(lane: Lane): void
  /** Its head may be sent; or all of it is cancelled, if the subscription was deleted. */
  offer(lane: Lane): void
  /** Goes on with the next notification; a lane that has none leaves memory. */
  goOn(lane: Lane): void
  requestFreeze(lane: Lane, freeze: Freeze): void
  requestThaw(lane: Lane): void
  outlet(lane: Lane): Outlet
}

export function createLaneMoves({ outletOf, clock, onRequest, onProgress, onForgotten }: LaneMovesDeps): LaneMoves {
  const outlet = (lane: Lane) => outletOf(lane.target.method)

  function enter(lane: Lane, step: Lane['step']): void {
    lane.step = step
    lane.since = clock()
    lane.offer = undefined
  }

  function drop(lane: Lane, count: number, from = 0): void {
    for (const waiting of lane.queue.splice(from, count)) {
      waiting.isPassed = true
      onForgotten(lane, waiting)
    }
  }

  function forget(lane: Lane): void {
    if (lane.home.lanes.get(lane.key) === lane) lane.home.lanes.delete(lane.key)
    lane.home.freezes.delete(lane)
    lane.home.thaws.delete(lane)
    lane.freeze = undefined
    drop(lane, lane.queue.length)
    enter(lane, 'leaving')
    outlet(lane).left(lane)
    onProgress(lane)
  }

  function cancelAll(lane: Lane): void {
    enter(lane, 'settling')
    const cancelled = lane.queue.slice(0, MAX_CANCELLED)
    outlet(lane).settle(
      lane,
      cancelled.map((waiting) => cancellationOf(lane, waiting)),
    )
  }

  function offer(lane: Lane): void {
    if (lane.target.isCancelled) cancelAll(lane)
    else {
      enter(lane, 'ready')
      lane.offer = { lane, isCold: lane.isCold }
      outlet(lane).ready(lane.offer)
    }
  }

  function requestThaw(lane: Lane): void {
    enter(lane, 'leaving')
    lane.home.thaws.add(lane)
    onRequest()
  }

  return {
    enter,
    drop,
    keepHead: (lane) => drop(lane, lane.queue.length, 1),
    forget,
    offer,
    goOn(lane) {
      if (lane.queue.length > 0) offer(lane)
      else if (lane.isCold) requestThaw(lane)
      else forget(lane)
    },
    requestFreeze(lane, freeze) {
      lane.freeze = freeze
      lane.home.freezes.add(lane)
      if (freeze.leaves) enter(lane, 'leaving')
      onRequest()
    },
    requestThaw,
    outlet,
  }
}
