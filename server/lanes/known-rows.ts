import type { LaneKey } from './lane.ts'
import type { FanOut } from './fan-out.ts'
import type { EventText, Target } from './lane-model.ts'

/** A notification that a dispatch has inserted. */
export interface DispatchedNotification {
  readonly partition: number
  readonly position: number
  readonly targetId: number
  readonly uuid: string
  /** ISO instant with microseconds. */
  readonly created: string
  /** Its lane had a row when it was inserted. */
  readonly isCold: boolean
}

/** An event that was dispatched, by its position. */
export interface DispatchedEvent {
  readonly number: number
  readonly laneSeries: string
  readonly deletesSubscriptions: boolean
  readonly text: EventText | undefined
}

/** A notification in the table that is not settled. */
export interface UnsettledNotification extends LaneKey {
  readonly position: number
  readonly uuid: string
  readonly number: number
  /** ISO instant with microseconds. */
  readonly created: string
  /** Since `created`, by the database's clock. */
  readonly ageMs: number
}

/** What a dispatch has inserted, with what was known before. */
export interface DispatchFound {
  readonly events: ReadonlyMap<number, DispatchedEvent>
  readonly targets: ReadonlyMap<number, Target>
  /** Monotonic ms before the statement was sent. */
  readonly sentAt: number
}

/** What was read of a partition. */
export interface LoadFound {
  readonly cursor: number
  /** By position. */
  readonly fanOuts: readonly FanOut[]
  readonly targets: ReadonlyMap<number, Target>
  /** Monotonic ms before the statement was sent. */
  readonly askedAt: number
}

/** What was read of a lane that has a row. */
export interface LookFound extends LaneKey {
  readonly target: Target
  readonly attempts: number
  /** Monotonic ms before the statement was sent. */
  readonly askedAt: number
}
