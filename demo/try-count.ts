import type { Arrival } from './order-check.ts'

/** What a receiver saw of one event. */
export interface Seen<A extends Arrival> {
  /** The request that it took; undefined if there is none. */
  readonly taken: A | undefined
  /** Requests up to and including that one. */
  readonly tries: number
  /** Requests that it took after that one. */
  readonly duplicates: number
}

/** Summarizes one receiver's requests for one event, in order of arrival. Pure. */
export function seenOf<A extends Arrival>(arrivals: readonly A[]): Seen<A> {
  const first = arrivals.findIndex((arrival) => arrival.isAccepted)
  if (first < 0) return { taken: undefined, tries: arrivals.length, duplicates: 0 }
  return {
    taken: arrivals[first],
    tries: first + 1,
    duplicates: arrivals.slice(first + 1).filter((arrival) => arrival.isAccepted).length,
  }
}
