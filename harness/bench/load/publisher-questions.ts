import type { LatencySummary } from './latency-summary.ts'

export interface PublisherOptions {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly bodyBytes: number
  /** Of all events; unless given, each series has a subject of its own. */
  readonly subject?: string | undefined
  readonly connections: number
  readonly series: number
  /** Events per second in an open loop. Undefined: a closed loop, each connection sends when it has its response. */
  readonly ratePerS: number | undefined
}

export interface PublisherCounts {
  /** Responses with 2xx. */
  readonly accepted: number
  /** Any other response, and connections that were cut before one. */
  readonly rejected: number
  /** The first response of that kind. */
  readonly firstRejection: string | undefined
  /** From the intended to the real time of sending, in an open loop. */
  readonly lag: LatencySummary
}

/** What the publisher's process answers. */
// A type, because an interface has no index signature.
export type PublisherQuestions = {
  start: (options: PublisherOptions) => Promise<void>
  counts: (input: null) => PublisherCounts
  /** Forgets the lag so far. */
  mark: (input: null) => void
  /** Stops or resumes sending in a closed loop. */
  hold: (isHeld: boolean) => void
  /** Resolves when every request has its response. */
  stop: (input: null) => Promise<PublisherCounts>
}
