import type { FanOut } from './fan-out.ts'
import type { DeliveryMethod, LaneKey } from './lane.ts'
import type { Settlement } from './settlement.ts'

/** A delivery target, as long as its subscription exists. Only the deletion of the subscription changes it. */
export interface Target {
  readonly targetId: number
  readonly method: DeliveryMethod
  readonly address: string
  readonly addressKey: string
  /** Scheme, host and port of a webhook, domain of a mail address: who shares a server. */
  readonly origin: string
  readonly subscriptionName: string
  readonly tenant: string
  /** The subscription was deleted: nothing more may be sent to it. */
  isCancelled: boolean
}

/** What a notification needs of its event. */
export interface EventText {
  readonly uuid: string
  /** The event's JSON text without the value of seriesSeqCount, which belongs at `seqOffset` (UTF-16 units). */
  readonly body: string
  readonly seqOffset: number
}

/** An event, shared by its notifications in memory. */
export interface SharedEvent {
  readonly partition: number
  readonly position: number
  /** Undefined: not known before its text is read. */
  deletesSubscriptions: boolean | undefined
  /** Undefined: it is in the table only. */
  text: EventText | undefined
  /** Its notifications in memory. */
  users: number
}

/** A notification that is not settled, in the queue of its lane. */
export interface Waiting {
  readonly position: number
  readonly uuid: string
  readonly number: number
  /** ISO instant with microseconds. */
  readonly created: string
  /** The same in monotonic ms of this process, give or take a round trip. */
  readonly createdAt: number
  readonly event: SharedEvent
  /** It no longer holds the watermark of its partition back: it is settled, or its lane has a row. */
  isPassed: boolean
}

/**
 * What happens to the head of a lane in memory.
 *
 * | step     | the head                                                                                 |
 * |----------|------------------------------------------------------------------------------------------|
 * | ready    | waits for a slot                                                                         |
 * | sending  | is on the wire                                                                           |
 * | settling | has its outcome, which is being written                                                  |
 * | leaving  | none is worked on: the lane leaves memory when its row is written, or deleted            |
 */
export type LaneStep = 'ready' | 'sending' | 'settling' | 'leaving'

/** A request for the row of a lane in the table. */
export interface Freeze {
  readonly attempts: number
  readonly delayMs: number
  /** After so much of the delay, a success of another lane at its address ends it; unset: none does. */
  readonly wakesAfterMs?: number
  /** Whether the lane leaves memory with it; if not, its head is on the wire. */
  readonly leaves: boolean
  /** The attempt that failed, if that is why. */
  readonly failure?: Settlement
}

/**
 * A lane in the memory of its owner: one delivery target and one series (or one event outside a series).
 *
 * | kind | row in `lane` | its notifications                                                                    |
 * |------|---------------|--------------------------------------------------------------------------------------|
 * | hot  | none          | all that are not settled are in `queue`                                              |
 * | cold | yes           | the first ones are in `queue`, others may be in the table                            |
 */
export interface Lane extends LaneKey {
  readonly key: string
  readonly home: PartitionLanes
  readonly target: Target
  /** In order; the first is the head. */
  readonly queue: Waiting[]
  isCold: boolean
  step: LaneStep
  /** Monotonic ms at which the step began. */
  since: number
  /** Failed attempts of the head so far. */
  attempts: number
  /** The offer of its head that stands; any other of this lane is void. */
  offer: Offer | undefined
  /** Requested and not known to be committed. */
  freeze: Freeze | undefined
}

/**
 * | state     | dispatch | new attempts | settlements             | next                                             |
 * |-----------|----------|--------------|-------------------------|--------------------------------------------------|
 * | loading   | no       | no           | no: they are kept       | open, when what is not settled was read          |
 * | open      | yes      | yes          | yes                     | uncertain, closing, closed                       |
 * | uncertain | no       | no           | no: they are kept       | loading under the next epoch; closing, closed    |
 * | closing   | no       | no           | yes                     | closed                                           |
 * | closed    | no       | no           | no: another owner sends | (a new object, if the partition comes back)      |
 */
export type PartitionState = 'loading' | 'open' | 'uncertain' | 'closing' | 'closed'

/** The lanes of one partition that this process has in memory, for as long as it owns the partition. */
export interface PartitionLanes {
  readonly partition: number
  /** The fencing token; raised by a renewal. */
  epoch: number
  state: PartitionState
  readonly lanes: Map<string, Lane>
  /** Lanes that wait for their row to be written. */
  readonly freezes: Set<Lane>
  /** Lanes that wait for their row to be deleted, or found to be needed. */
  readonly thaws: Set<Lane>
  /** Position up to which everything has been dispatched. */
  cursor: number
  /** By position, in this order. */
  readonly fanOuts: Map<number, FanOut>
  /** Notes a notification of a hot lane. Positions do not descend, but for those of fan-outs. */
  note(waiting: Waiting): void
  /** Returns the position up to which everything is inserted, and settled or in a lane that has a row. */
  watermark(): number
  /** Lets go of what no longer holds the watermark back. To be called now and then. */
  compact(): void
  /** Forgets what was noted, before what is not settled is read again. */
  reset(cursor: number): void
}

/** A lane whose head may be sent, until something else happens to it. */
export interface Offer {
  readonly lane: Lane
  /** Whether it was cold then. */
  readonly isCold: boolean
}

export const laneKeyText = ({ targetId, laneSeries }: LaneKey) => `${targetId} ${laneSeries}`
