import type { Db } from '../db/database.ts'

/** The newest form of record that this version writes and reads. */
export const RECORD_FORMAT = 1

/** What travels from publish to dispatch: an event, or a control record that ends a series in its place between events. */
export interface EventRecord {
  readonly partition: number
  readonly uuid: string
  /** Of what was published under an Idempotency-Key; undefined: nothing is compared. Stays behind at brokers that compare none. */
  readonly contentHash?: string | undefined
  readonly kind: 'event' | 'end_series'
  readonly tenant: string
  /** Hash of (tenant, source, subject, seriesId); null outside a series. */
  readonly seriesKey: string | null
  /** The three sections of an event's type; null for a control record. */
  readonly type: readonly [string, string, string] | null
  /** For matching: null when absent or longer than any filter. */
  readonly subject: string | null
  readonly endsSeries: boolean
  readonly deletesSubscriptions: boolean
  readonly received: Date
  /** The event's JSON text without the value of seriesSeqCount, which belongs at `seqOffset` (UTF-16 units). */
  readonly body: string
  readonly seqOffset: number
  readonly bodyBytes: number
}

/** A record in its place: what dispatch needs of it. The body stays in the database. */
export interface TakenRecord {
  readonly partition: number
  readonly position: number
  readonly uuid: string
  readonly kind: string
  readonly format: number
  readonly seriesKey: string | null
  readonly endsSeries: boolean
  readonly deletesSubscriptions: boolean
  readonly hasType: boolean
}

/**
 * How a write of a group failed.
 *
 * | outcome    | the records                   | publish does                                 |
 * |------------|-------------------------------|----------------------------------------------|
 * | not_stored | are not in the broker         | writes them again until the deadline         |
 * | unknown    | may be there, each once       | the same (the uuid makes it harmless), but answers "unknown" |
 * | refused    | one of them cannot be stored  | writes them one by one                       |
 */
export class BrokerError extends Error {
  readonly outcome: 'not_stored' | 'unknown' | 'refused'

  constructor(outcome: BrokerError['outcome'], cause: unknown) {
    super(`broker write failed: ${outcome}`, { cause })
    this.name = 'BrokerError'
    this.outcome = outcome
  }
}

/** The port between publish and dispatch. Within a partition, records are taken in the order in which their writes were confirmed. */
export interface Broker {
  /**
   * Resolves when every record is durable; rejects with a `BrokerError`. A uuid that is there already is left as it is. Answers
   * the records that are not stored because their uuid is there with another content, as far as this broker compares them.
   */
  publish(records: readonly EventRecord[]): Promise<ReadonlySet<EventRecord>>
  /**
   * Inside the dispatch transaction: the next records of these partitions, at most so many of each, as rows of `event`. What
   * was taken and not committed is taken again. May reject with `NewerFormat`.
   */
  take(tx: Db, partitions: readonly number[], limitPerPartition: number): Promise<TakenRecord[]>
  /** Inside the dispatch transaction: these were dealt with. Takes effect with the commit. */
  advance(tx: Db, taken: readonly TakenRecord[]): Promise<void>
  /** The transaction that took from these partitions was committed: the broker may forget what it took. */
  committed(partitions: readonly number[]): void
  /** From now on this process takes from these partitions and no others. Resolves when the others were let go. */
  hold(partitions: readonly number[]): Promise<void>
  /** Why no records are accepted at the moment, in a few words for an operator; undefined: they are, as far as is known. */
  trouble(): string | undefined
  /** Nothing can be taken from here, though perhaps from elsewhere. */
  isCutOff(): boolean
  /** Resolves when publishing and taking can begin, or would be tried again without end. Rejects with `UnusableBroker`. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** What is found at the broker cannot be worked with: the process must not start. */
export class UnusableBroker extends Error {
  constructor(fault: string, cause?: unknown) {
    super(`The broker cannot be used: ${fault}`, { cause })
    this.name = 'UnusableBroker'
  }
}

/** A record of a newer version is next in this partition: only a newer process can go on there. */
export class NewerFormat extends Error {
  readonly partition: number
  readonly format: number

  constructor(partition: number, format: number) {
    super(`partition ${partition} holds a record of the newer format ${format}`)
    this.name = 'NewerFormat'
    this.partition = partition
    this.format = format
  }
}
