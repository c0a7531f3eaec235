/** An event, numbered by its publisher: the first of its series is 1. */
export interface PublishedEvent {
  readonly eventUuid: string
  readonly series: string
  readonly number: number
}

/** One request at a receiver, whether it took the notification or not. */
export interface Arrival {
  readonly notificationUuid: string
  readonly eventUuid: string
  /** `seriesSeqCount`, the service's own number. */
  readonly number: number
  /** The receiver took it (2xx), whether or not the service learned of it. */
  readonly isAccepted: boolean
}

export interface Verdict<P, A> {
  /** Events that the receiver took at least once. */
  readonly delivered: number
  readonly lost: readonly P[]
  readonly outOfOrder: readonly A[]
  /** Arrivals that were taken again, with the same uuid. */
  readonly duplicates: readonly A[]
  /** What no publish explains: an event that was not published, or a second notification of one event. */
  readonly unexplained: readonly A[]
}

/**
 * Compares what one receiver should have got with what came, in order of arrival. In order means: the service's number
 * is the publisher's, everything before it in the series has been taken, and nothing after it has been tried yet. Pure.
 */
export function checkOrder<P extends PublishedEvent, A extends Arrival>(
  published: readonly P[],
  arrivals: readonly A[],
): Verdict<P, A> {
  const expected = new Map(published.map((event) => [event.eventUuid, event]))
  const notificationOf = new Map<string, string>()
  const accepted = new Set<string>()
  const series = new Map<string, Progress>()
  const verdict = { outOfOrder: [] as A[], duplicates: [] as A[], unexplained: [] as A[] }

  for (const arrival of arrivals) {
    const event = expected.get(arrival.eventUuid)
    const first = notificationOf.get(arrival.eventUuid) ?? arrival.notificationUuid
    if (!event || first !== arrival.notificationUuid) {
      verdict.unexplained.push(arrival)
      continue
    }
    notificationOf.set(arrival.eventUuid, first)
    const progress = series.get(event.series) ?? { taken: new Set(), highest: 0 }
    series.set(event.series, progress)
    if (arrival.number !== event.number || !isInTurn(event.number, progress)) verdict.outOfOrder.push(arrival)
    progress.highest = Math.max(progress.highest, event.number)
    if (!arrival.isAccepted) continue
    if (accepted.has(event.eventUuid)) verdict.duplicates.push(arrival)
    accepted.add(event.eventUuid)
    progress.taken.add(event.number)
  }
  return { ...verdict, delivered: accepted.size, lost: published.filter((event) => !accepted.has(event.eventUuid)) }
}

/** How far a series has come at the receiver. */
interface Progress {
  readonly taken: Set<number>
  /** The highest number that was tried. */
  highest: number
}

const isInTurn = (number: number, { taken, highest }: Progress) =>
  number >= highest && (number === 1 || taken.has(number - 1))
