/**
 * What is known of an address, or of a server, by the attempts that went there. Values; the functions below are its
 * moves. Times are monotonic ms.
 *
 * | state      | attempts                         | a success     | a failure                                        |
 * |------------|----------------------------------|---------------|--------------------------------------------------|
 * | closed     | any number                       | closed        | open, if it is the fifth in a row, of two lanes  |
 * | open       | one from `probeAt` on: the probe | recovering    | open, with the next wait of the list             |
 * | recovering | `room` at once                   | one more room | as closed                                        |
 *
 * From recovering it is closed when there is room for 64: one more room for each success doubles it in each round.
 */
export type Breaker = Closed | Open | Recovering

interface Common {
  /** When it came into this state: attempts that began before say nothing about it. */
  readonly since: number
  /** When it was last closed after it had been open: lanes that have failed before need not wait any longer. */
  readonly woken: Woken | undefined
  /** The attempts under way that this state has admitted, by lane, with the time of each. */
  readonly underWay: ReadonlyMap<string, number>
}

/** A moment. */
export interface Woken {
  readonly at: number
  /** The same by the clock of the database. */
  readonly time: Date
}

export interface Closed extends Common, Failures {
  readonly state: 'closed'
}

export interface Open extends Common {
  readonly state: 'open'
  /** Probes that have failed. */
  readonly probes: number
  readonly probeAt: number
}

export interface Recovering extends Common, Failures {
  readonly state: 'recovering'
  readonly room: number
}

/** Failures in a row. */
interface Failures {
  readonly failures: number
  /** The lane of the first. */
  readonly lane: string | undefined
  /** Whether there are others: what one lane has to say may be the fault of its notification. */
  readonly areSeveral: boolean
}

/** Returns the wait after so many failed attempts (>= 1), in ms. */
export type WaitMs = (attempts: number) => number

/** Failures in a row, of more than one lane, that open a breaker. */
const MAX_FAILURES = 5
/** With so much room a slow start is over. */
const FULL_ROOM = 64
/** An attempt of which nobody has reported an end counts as over after this: none may take so long. */
const LOST_MS = 15 * 60_000

const NO_FAILURES: Failures = { failures: 0, lane: undefined, areSeveral: false }
const NONE: ReadonlyMap<string, number> = new Map()

export const CLOSED: Closed = { state: 'closed', since: -Infinity, woken: undefined, underWay: NONE, ...NO_FAILURES }

/** Returns how many more attempts may begin now. Pure, as all of these. */
export function roomIn(breaker: Breaker, now: number): number {
  switch (breaker.state) {
    case 'closed':
      return Infinity
    case 'open':
      return now >= breaker.probeAt && isNothingUnderWay(breaker, now) ? 1 : 0
    case 'recovering':
      return Math.max(0, breaker.room - countUnderWay(breaker, now))
    default:
      return breaker satisfies never
  }
}

/** Returns when something may be sent, as far as is known; undefined: now, or when an attempt has ended. */
export function heldUntil(breaker: Breaker, now: number): number | undefined {
  if (breaker.state !== 'open') return undefined
  if (now < breaker.probeAt) return breaker.probeAt
  return isNothingUnderWay(breaker, now) ? undefined : Infinity
}

/** An attempt of this lane begins. */
export function begun(breaker: Breaker, lane: string, now: number): Breaker {
  if (breaker.state === 'closed') return breaker
  return { ...breaker, underWay: new Map([...breaker.underWay, [lane, now]]) }
}

/** It has ended and says nothing. */
export function withdrawn(breaker: Breaker, lane: string): Breaker {
  if (!breaker.underWay.has(lane)) return breaker
  return { ...breaker, underWay: without(breaker.underWay, lane) }
}

/** `now`: also the time to which lanes are woken, if it was open. */
export function succeeded(breaker: Breaker, lane: string, now: Woken): Breaker {
  switch (breaker.state) {
    case 'closed':
      return breaker.failures === 0 ? breaker : { ...breaker, ...NO_FAILURES }
    case 'open':
      return { state: 'recovering', since: now.at, woken: now, underWay: NONE, room: 2, ...NO_FAILURES }
    case 'recovering': {
      const { woken, room } = breaker
      if (room + 1 >= FULL_ROOM) return { ...CLOSED, since: breaker.since, woken }
      return { ...breaker, ...NO_FAILURES, room: room + 1, underWay: without(breaker.underWay, lane) }
    }
    default:
      return breaker satisfies never
  }
}

/** `startedAt`: when the attempt began. */
export function failed(
  breaker: Breaker,
  { lane, startedAt, now, waitMs }: { lane: string; startedAt: number; now: number; waitMs: WaitMs },
): Breaker {
  if (breaker.state === 'open') {
    if (!breaker.underWay.has(lane)) return breaker
    const probes = breaker.probes + 1
    return { ...breaker, probes, probeAt: now + waitMs(probes + 1), underWay: without(breaker.underWay, lane) }
  }
  const ended = { ...breaker, underWay: without(breaker.underWay, lane) }
  if (startedAt < breaker.since) return ended
  const failures = breaker.failures + 1
  const areSeveral = breaker.areSeveral || (breaker.lane !== undefined && breaker.lane !== lane)
  if (failures < MAX_FAILURES || !areSeveral) return { ...ended, failures, areSeveral, lane: breaker.lane ?? lane }
  const { woken } = breaker
  return { state: 'open', since: now, woken, underWay: NONE, probes: 0, probeAt: now + waitMs(1) }
}

/** Whether there is nothing to remember of it. `wokenMs`: for how long it matters that it was closed. */
export const isForgettable = (breaker: Breaker, now: number, wokenMs: number) =>
  breaker.state === 'closed' &&
  breaker.failures === 0 &&
  (breaker.woken === undefined || now - breaker.woken.at >= wokenMs)

const countUnderWay = ({ underWay }: Breaker, now: number) =>
  [...underWay.values()].filter((since) => now - since < LOST_MS).length

const isNothingUnderWay = (breaker: Breaker, now: number) => countUnderWay(breaker, now) === 0

function without(underWay: ReadonlyMap<string, number>, lane: string): ReadonlyMap<string, number> {
  if (!underWay.has(lane)) return underWay
  const left = new Map(underWay)
  left.delete(lane)
  return left
}
