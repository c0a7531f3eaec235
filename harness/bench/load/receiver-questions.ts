import type { Stall } from '../stats/stalls.ts'
import type { LatencySummary } from './latency-summary.ts'

/** How an endpoint behaves. */
export interface Endpoint {
  readonly delayMs: number
  /** Share of responses that are 500, from 0 to 1. */
  readonly failShare: number
}

/** From this time to respond on, an endpoint is slow. */
const SLOW_MS = 100

/** Whether an endpoint never fails and responds promptly. */
export const isHealthy = ({ delayMs, failShare }: Endpoint) => failShare === 0 && delayMs < SLOW_MS

export interface ReceiverOptions {
  /** Endpoint n has the path `/t/n`. */
  readonly endpoints: readonly Endpoint[]
  readonly series: number
  /** Notifications have a `seriesSeqCount`; without it the publisher's number is used. */
  readonly isNumbered: boolean
  /** Where it listens; any free port unless given. */
  readonly port?: number | undefined
}

export interface ReceiverCounts {
  /** Different events that were accepted, over all endpoints ... */
  readonly unique: number
  /** ... and over the healthy ones. */
  readonly uniqueAtHealthy: number
  readonly repeated: number
  readonly early: number
}

export interface ReceiverLatencies {
  /** Of healthy endpoints. */
  readonly healthy: LatencySummary
  /** Of the others. */
  readonly others: LatencySummary
  /** At the former. */
  readonly stalls: readonly Stall[]
}

/** What the receiver's process answers. */
// A type, because an interface has no index signature.
export type ReceiverQuestions = {
  /** Returns the port. */
  start: (options: ReceiverOptions) => Promise<number>
  counts: (input: null) => ReceiverCounts
  /** Latencies of events that should have been sent from now on. Returns the time. */
  begin: (input: null) => number
  /** ... until now. */
  end: (input: null) => number
  latencies: (input: null) => ReceiverLatencies
}
