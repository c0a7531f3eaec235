import { required } from '../runtime/required.ts'
import type { Freeze, Lane, PartitionLanes } from './lane-model.ts'
import { createLaneMoves, type LaneMoves, type LaneMovesDeps } from './lane-moves.ts'
import { cancellationOf } from './cancellation.ts'
import { isFinal, type Settlement } from './settlement.ts'

/** A freeze on its way to the table. */
export interface SentFreeze {
  readonly lane: Lane
  readonly freeze: Freeze
  /** Position of the lane's first notification that was not settled. */
  readonly firstPosition: number
}

/** The moves of a lane in memory (docs/states.md). Synchronous: effects are requested and reported. */
export interface LaneSteps
  extends Pick<LaneMoves, 'offer' | 'keepHead' | 'forget' | 'requestFreeze'>, AttemptSteps, RowSteps {}

/** What happens to the head of a lane. */
export interface AttemptSteps {
  /** The head is on the wire. */
  sent(lane: Lane): void
  /** The head was not sent after all. */
  notSent(lane: Lane): void
  /** The head may not be sent for a while: its lane waits in the table. */
  hold(lane: Lane): void
  /** An attempt has ended. */
  result(lane: Lane, settlement: Settlement): void
  /** The outcomes up to this position are committed. */
  settled(lane: Lane, upTo: number): void
}

/** What happens to the row of a lane. */
export interface RowSteps {
  /** Takes the requests of a partition; each is to be followed by `frozen` or `notFrozen`. */
  takeFreezes(lanes: Set<Lane>, limit: number): SentFreeze[]
  frozen(sent: SentFreeze): void
  /** `withoutFailure`: the database rejects what the attempt has reported. */
  notFrozen(sent: SentFreeze, options: { readonly withoutFailure: boolean }): void
  /**
   * Requests again what was sent and has no answer that counts. Only right while the partition is handed over: else it
   * is read again.
   */
  repeatFreezes(home: PartitionLanes): void
  /** `isGone`: its row was deleted, for nothing waits in it. */
  thawed(lane: Lane, isGone: boolean): void
}

export function createLaneSteps(deps: LaneMovesDeps): LaneSteps {
  const moves = createLaneMoves(deps)
  return { ...moves, ...createAttemptSteps(moves, deps), ...createRowSteps(moves, deps) }
}

const pairOf = ({ home, target }: Lane) => ({ partition: home.partition, addressKey: target.addressKey })

function createAttemptSteps(
  { enter, drop, forget, offer, goOn, requestFreeze, outlet }: LaneMoves,
  { clock, onProgress }: LaneMovesDeps,
): AttemptSteps {
  return {
    sent: (lane) => enter(lane, 'sending'),
    notSent(lane) {
      if (lane.home.state === 'closed') return
      // A freeze by age may have been written meanwhile: then only the head is left, and it is still the head.
      offer(lane)
      onProgress(lane)
    },
    hold(lane) {
      if (!lane.isCold || lane.freeze) {
        requestFreeze(lane, { attempts: lane.attempts, delayMs: 0, leaves: true })
        return
      }
      // Its row says that it is due.
      outlet(lane).coldUntil(pairOf(lane), clock())
      forget(lane)
    },
    result(lane, settlement) {
      if (lane.home.state === 'closed') return
      if (!isFinal(settlement) && !lane.target.isCancelled) {
        const { attempts, delayMs, askedMs } = settlement
        lane.attempts = attempts
        requestFreeze(lane, { attempts, delayMs, wakesAfterMs: askedMs, leaves: true, failure: settlement })
        onProgress(lane)
        return
      }
      const head = required(lane.queue[0], 'the head that was sent')
      enter(lane, 'settling')
      outlet(lane).settle(lane, [isFinal(settlement) ? settlement : cancellationOf(lane, head)])
    },
    settled(lane, upTo) {
      if (lane.home.state === 'closed') return
      // Not by number: what is behind the head may have been read again since, without what was settled.
      const next = lane.queue.findIndex(({ position }) => position > upTo)
      drop(lane, next === -1 ? lane.queue.length : next)
      lane.attempts = 0
      const isFreezeSent = lane.freeze !== undefined && !lane.home.freezes.has(lane)
      if (isFreezeSent)
        enter(lane, 'leaving') // `frozen` goes on
      else {
        lane.freeze = undefined
        lane.home.freezes.delete(lane)
        goOn(lane)
      }
      onProgress(lane)
    },
  }
}

function createRowSteps(
  { drop, keepHead, forget, goOn, requestThaw, outlet }: LaneMoves,
  { clock }: LaneMovesDeps,
): RowSteps {
  /** Its head is worked on, and has a row now. What is behind it is in the table, and will be read from there. */
  function holdCold(lane: Lane): void {
    outlet(lane).holdsCold(lane)
    const [head] = lane.queue
    if (head) head.isPassed = true
    keepHead(lane)
  }

  return {
    takeFreezes(lanes, limit) {
      const taken: SentFreeze[] = []
      for (const lane of lanes) {
        if (taken.length === limit) break
        lanes.delete(lane)
        const [head] = lane.queue
        if (lane.freeze && head) taken.push({ lane, freeze: lane.freeze, firstPosition: head.position })
      }
      return taken
    },
    frozen({ lane, freeze }) {
      if (lane.home.state === 'closed') return
      lane.isCold = true
      const isLatest = lane.freeze === freeze
      if (isLatest) lane.freeze = undefined
      if (isLatest && freeze.leaves) {
        outlet(lane).coldUntil(pairOf(lane), clock() + freeze.delayMs)
        forget(lane)
      } else if (isLatest && lane.step === 'leaving') {
        drop(lane, lane.queue.length)
        requestThaw(lane)
      } else holdCold(lane)
    },
    notFrozen({ lane, freeze }, { withoutFailure }) {
      if (lane.home.state === 'closed' || lane.freeze !== freeze) return
      if (lane.step === 'leaving' && !freeze.leaves) {
        // The head for which it was requested has been settled meanwhile.
        lane.freeze = undefined
        goOn(lane)
        return
      }
      const { failure, ...bare } = freeze
      if (withoutFailure && failure) lane.freeze = bare
      lane.home.freezes.add(lane)
    },
    repeatFreezes({ lanes, freezes }) {
      for (const lane of lanes.values()) if (lane.freeze) freezes.add(lane)
    },
    thawed(lane, isGone) {
      if (lane.home.state === 'closed') return
      forget(lane)
      if (!isGone) outlet(lane).coldUntil(pairOf(lane), clock())
    },
  }
}
