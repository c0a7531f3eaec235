import type { Db } from '../db/db.ts'
import type { EventText, Lane, Offer, PartitionLanes } from '../lanes/lane-model.ts'
import type { LaneSteps } from '../lanes/lane-steps.ts'
import { createTextLoader } from '../lanes/text-loader.ts'
import { createTurns } from '../lanes/turns.ts'
import type { Log } from '../log.ts'
import type { Worker } from '../runtime/loop.ts'
import type { Machine } from '../runtime/machine.ts'
import type { Breakers } from './breaker/breakers.ts'
import type { ColdShares } from './cold-shares.ts'
import type { Slots } from './slots.ts'
import type { Wire } from './wire.ts'

/** When to look again for an event that is not there, which is a bug. */
const MISSING_EVENT_MS = 60_000
/** Lanes that leave memory in one turn of the event loop. */
const MAX_HELD = 1000

export interface GiveOutDeps {
  /** Where texts of events are read that memory does not have. */
  readonly db: Db
  readonly slots: Slots
  readonly coldShares: ColdShares
  readonly steps: Pick<LaneSteps, 'sent' | 'hold' | 'requestFreeze'>
  readonly breakers: Pick<Breakers, 'holds' | 'heldUntil' | 'begun' | 'withdrawn'>
  readonly wire: Pick<Wire, 'send'>
  /** Whether anything may be sent now. */
  readonly mayGive: () => boolean
  /** Whether new attempts may begin in this partition. */
  readonly isOpen: (home: PartitionLanes) => boolean
  readonly log: Log
  readonly machine: Machine
}

/**
 * Gives free slots to the lanes that wait for one: in turns of tenants, of
 * their servers, of the addresses there, of the partitions of an address.
 */
export interface GiveOut extends Worker {
  ready(offer: Offer): void
  /** Does it once for all that becomes ready in the same turn of the event loop. */
  soon(): void
}

export function createGiveOut(deps: GiveOutDeps): GiveOut {
  const { db, slots, coldShares, steps, breakers, wire, mayGive, isOpen, log, machine } = deps
  const turns = createTurns<Offer>()
  const texts = createTextLoader({ db, onText, onVoid, log, machine })
  let isGivingOut = false

  function soon(): void {
    if (isGivingOut) return
    isGivingOut = true
    machine.soon(() => {
      isGivingOut = false
      giveOut()
    })
  }

  /** Gives the free slots to the lanes whose turn it is. */
  function giveOut(): void {
    if (!mayGive()) return
    for (let held = 0; slots.leftInAll > 0;) {
      const offer = turns.next(hasSlot)
      if (!offer) return
      const { lane } = offer
      // What is not open is offered again when it was read again.
      if (offer.isCold) coldShares.passed(lane.target.addressKey)
      if (lane.offer !== offer || !isOpen(lane.home)) continue
      if (breakers.holds(lane.target)) {
        steps.hold(lane)
        held += 1
        if (held < MAX_HELD) continue
        soon()
        return
      }
      if (!slots.admits(lane.target.addressKey, lane.target.address)) {
        wait(offer)
        continue
      }
      breakers.begun(lane)
      const text = lane.queue[0]?.event.text
      if (text) send(lane, text)
      else {
        slots.take(lane.target.addressKey) // what comes of the read is sent at once
        texts.load(offer)
      }
    }
  }

  function onVoid(offer: Offer): void {
    breakers.withdrawn(offer.lane)
    freeReserved(offer)
  }

  function freeReserved({ lane }: Offer): void {
    slots.free(lane.target.addressKey)
    soon()
  }

  function wait(offer: Offer): void {
    const { lane, isCold } = offer
    if (isCold) coldShares.waits(lane.target.addressKey)
    turns.add(pathOf(lane), offer)
  }

  /** Or it is held by a breaker, and leaves memory. */
  const hasSlot = ([, , addressKey = '']: readonly string[]) =>
    slots.leftFor(addressKey) > 0 || breakers.heldUntil(addressKey) !== undefined

  function send(lane: Lane, text: EventText): void {
    steps.sent(lane)
    wire.send(lane, text)
  }

  function onText(offer: Offer, text: EventText | undefined): void {
    const { lane } = offer
    freeReserved(offer)
    if (text) send(lane, text)
    else {
      breakers.withdrawn(lane)
      log.error({ partition: lane.home.partition, position: lane.queue[0]?.position }, 'an event is missing')
      steps.requestFreeze(lane, { attempts: lane.attempts, delayMs: MISSING_EVENT_MS, leaves: true })
    }
  }

  return {
    ready(offer) {
      wait(offer)
      soon()
    },
    soon,
    start: texts.start,
    stop: texts.stop,
  }
}

/** The partitions of an address take turns as well: one with a backlog of it delays no other. */
const pathOf = ({ target, home }: Lane) => [target.tenant, target.origin, target.addressKey, String(home.partition)]
