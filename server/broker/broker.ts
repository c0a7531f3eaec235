/** The newest format of records that this version writes and reads. */
export const RECORD_FORMAT = 1

/**
 * The format that a dispatcher of this version registers, and writes to the partitions that it takes: it reads records
 * of `RECORD_FORMAT`, and keeps lanes without rows. Records stay at 1, or dispatchers of the former release would have
 * to give up their partitions as soon as an api of this one publishes.
 */
export const KEEPS_LANES_FORMAT = 2

/** Told apart by identity. */
export interface Chain {
  readonly seriesKey: string
}

/**
 * What travels from publish to dispatch: an event, or a control record that ends a series at its position among events.
 */
export interface EventRecord {
  readonly partition: number
  readonly uuid: string
  /**
   * Of an event that was published under an Idempotency-Key; undefined: nothing is compared. Brokers that cannot
   * compare do not carry it.
   */
  readonly contentHash?: string | undefined
  /**
   * Of events that were published together: those of one series have the same. They are stored in their order, and one
   * that is not stored keeps those behind it out. No broker carries it.
   */
  readonly chain?: Chain | undefined
  readonly kind: 'event' | 'end_series'
  readonly tenant: string
  /** Hash of (tenant, source, subject, seriesId); null outside a series. */
  readonly seriesKey: string | null
  /** The three sections of an event's type; null for a control record. */
  readonly type: readonly [string, string, string] | null
  /** For matching; null when absent or longer than any filter. */
  readonly subject: string | null
  readonly endsSeries: boolean
  readonly deletesSubscriptions: boolean
  readonly received: Date
  /** The event's JSON text without the value of seriesSeqCount, which belongs at `seqOffset` (UTF-16 units). */
  readonly body: string
  readonly seqOffset: number
  readonly bodyBytes: number
}

/**
 * How the write of a group failed.
 *
 * | outcome    | the records                   | publish                                      |
 * |------------|-------------------------------|----------------------------------------------|
 * | not_stored | are not in the broker         | writes them again until the deadline         |
 * | unknown    | may be there, each once       | does the same (the uuid makes it harmless); error "unknown" |
 * | rejected   | one of them cannot be stored  | writes them one by one                       |
 */
export class BrokerError extends Error {
  readonly outcome: 'not_stored' | 'unknown' | 'rejected'

  constructor(outcome: BrokerError['outcome'], cause: unknown) {
    super(`broker write failed: ${outcome}`, { cause })
    this.name = 'BrokerError'
    this.outcome = outcome
  }
}

/**
 * The port between publish and the inbox. Within a partition, records get into the inbox in the order in which their
 * writes were confirmed; from there dispatch takes them, whichever broker there is.
 */
export interface Broker {
  /**
   * Resolves when every record is durable; rejects with a `BrokerError`. A uuid that is stored already stays as it is.
   * Returns the records that are not stored because their uuid is there with another content, if this broker compares
   * contents; those behind them in their chains (`followersOf`) are not stored either. A broker of queues takes records
   * of one partition at a time, and stores all of them or none; writes of different partitions are independent.
   */
  publish(records: readonly EventRecord[]): Promise<ReadonlySet<EventRecord>>
  /**
   * Sets the partitions whose records this process brings into the inbox. Resolves when nothing of the others is under
   * way any more.
   */
  assign(partitions: readonly number[]): Promise<void>
  /**
   * Returns why records are not accepted at the moment, or do not get into the inbox, in a few words for an operator,
   * with the partitions if it is some of them only; undefined: no reason is known.
   */
  problem(): string | undefined
  /** Whether this process cannot take records, though others perhaps can. */
  isDisconnected(): boolean
  /**
   * Resolves when publishing and taking work, or are retried until they do. Rejects with `UnusableBroker`.
   */
  start(): Promise<void>
  stop(): Promise<void>
}

/** The service cannot work with this broker: the process must not start. */
export class UnusableBroker extends Error {
  constructor(reason: string, cause?: unknown) {
    super(`The broker cannot be used: ${reason}`, { cause })
    this.name = 'UnusableBroker'
  }
}

/** The next record of this partition has a newer format: only a newer process can go on there. */
export class NewerFormat extends Error {
  readonly partition: number
  readonly format: number

  constructor(partition: number, format: number) {
    super(`partition ${partition} holds a record in the newer format ${format}`)
    this.name = 'NewerFormat'
    this.partition = partition
    this.format = format
  }
}
