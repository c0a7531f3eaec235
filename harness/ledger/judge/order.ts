import { wakesUpLate } from '../disturb/disturbance.ts'
import { isReachedBy, type Disturbed } from './duplicates.ts'
import type { Copy } from './sequence.ts'
import type { Arrival } from './targets.ts'

/**
 * n+1 came before n was answered 2xx, or n came again after n+1. The second cannot be after a kill: n was settled before
 * n+1 was sent. After a stop it can, as the rest of a request that was half written; then it counts as a duplicate.
 */
export interface OrderFault {
  readonly arrival: Arrival
  readonly what: 'came before its predecessor was answered' | 'came again after a later one'
}

/** Judges the arrivals of one series at one target, in their order, against the order of the series. */
export function findOrderFaults(sequence: readonly Copy[], arrivals: readonly Arrival[], disturbances: readonly Disturbed[]): OrderFault[] {
  const late = disturbances.filter(wakesUpLate)
  const places = new Map(sequence.map((copy, place) => [copy.uuid, place]))
  const answered = new Set<number>()
  const faults: OrderFault[] = []
  let furthest = 0
  for (const arrival of arrivals) {
    const place = places.get(arrival.eventUuid) ?? -1
    if (place > 0 && !answered.has(place - 1)) faults.push({ arrival, what: 'came before its predecessor was answered' })
    if (place < furthest && !late.some((one) => isReachedBy(arrival.atMs, one))) faults.push({ arrival, what: 'came again after a later one' })
    furthest = Math.max(furthest, place)
    if (arrival.answer === 'ok') answered.add(place)
  }
  return faults
}
