import { createConditions, type Conditions } from './conditions.ts'
import type { Job } from './job-events.ts'
import type { Arrival, PublishedEvent } from './order-check.ts'

/** An event that the service has acknowledged. Times are ms since the start. */
export interface Publication extends PublishedEvent {
  readonly job: Job
  readonly type: string
  readonly sentAtMs: number
  readonly publishedAtMs: number
  /** How often it was sent until there was a response. */
  readonly tries: number
}

export interface ReceiverArrival extends Arrival {
  readonly receiver: string
  readonly atMs: number
}

/** A time in which something was down; without an end while it lasts. */
export interface Outage {
  readonly what: string
  readonly fromMs: number
  toMs: number | undefined
}

/** What has happened so far. The actors write it; waiting, printing and checking read it. */
export interface Ledger {
  /** ms since the start. */
  now(): number
  /** How many events were sent to the service, acknowledged or not. */
  readonly sent: number
  readonly publications: readonly Publication[]
  readonly arrivals: readonly ReceiverArrival[]
  readonly outages: readonly Outage[]
  send(): void
  publish(publication: Publication): void
  arrive(arrival: ReceiverArrival): void
  /** Ends the run: later arrivals are not recorded. */
  close(): void
  readonly isOver: boolean
  /** Records the start of an outage; the returned function records its end. */
  begin(what: string): () => void
  /** Both wait for a condition, which is checked at each entry. */
  readonly until: Conditions['until']
  readonly holdsInTime: Conditions['holdsInTime']
}

export function createLedger({ clock = () => performance.now() }: { readonly clock?: () => number } = {}): Ledger {
  const startedAt = clock()
  const publications: Publication[] = []
  const arrivals: ReceiverArrival[] = []
  const outages: Outage[] = []
  let sent = 0
  let isOver = false
  const { changed, until, holdsInTime } = createConditions()
  const now = () => clock() - startedAt

  return {
    now,
    get isOver() {
      return isOver
    },
    close() {
      isOver = true
    },
    get sent() {
      return sent
    },
    publications,
    arrivals,
    outages,
    send() {
      sent += 1
      changed()
    },
    publish(publication) {
      publications.push(publication)
      changed()
    },
    arrive(arrival) {
      if (!isOver) arrivals.push(arrival)
      changed()
    },
    begin(what) {
      const outage: Outage = { what, fromMs: now(), toMs: undefined }
      outages.push(outage)
      return () => {
        outage.toMs = now()
      }
    },
    until,
    holdsInTime,
  }
}
