import { wakesUpLate } from '../faults/injected-fault.ts'
import { isReachedBy, type FaultWindow } from './duplicates.ts'
import type { EventCopy } from './expected-sequence.ts'
import type { Arrival } from './ledger-targets.ts'

/**
 * n+1 came before n was answered 2xx, or n came again after n+1. The second cannot happen after a kill, because n was
 * settled before n+1 was sent. After a stop it can, as the rest of a half-written request; then it counts as a
 * duplicate.
 */
export interface OrderAnomaly {
  readonly arrival: Arrival
  readonly what: 'came before its predecessor got a 2xx' | 'came again after a later one'
}

/** Compares the arrivals of one series at one target, in order of arrival, with the order of the series. Pure. */
export function findOrderAnomalies(
  sequence: readonly EventCopy[],
  arrivals: readonly Arrival[],
  injected: readonly FaultWindow[],
): OrderAnomaly[] {
  const late = injected.filter(wakesUpLate)
  const places = new Map(sequence.map((copy, place) => [copy.uuid, place]))
  const answered = new Set<number>()
  const anomalies: OrderAnomaly[] = []
  let furthest = 0
  for (const arrival of arrivals) {
    const place = places.get(arrival.eventUuid) ?? -1
    if (place > 0 && !answered.has(place - 1))
      anomalies.push({ arrival, what: 'came before its predecessor got a 2xx' })
    if (place < furthest && !late.some((one) => isReachedBy(arrival.atMs, one)))
      anomalies.push({ arrival, what: 'came again after a later one' })
    furthest = Math.max(furthest, place)
    if (arrival.answer === 'ok') answered.add(place)
  }
  return anomalies
}
