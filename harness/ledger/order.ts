import type { Copy } from './sequence.ts'
import type { Arrival } from './targets.ts'

/** n+1 came before n was answered 2xx, or n came again after n+1: both break the order. */
export interface OrderFault {
  readonly arrival: Arrival
  readonly what: 'came before its predecessor was answered' | 'came again after a later one'
}

/** Judges the arrivals of one series at one target, in their order, against the order of the series. */
export function findOrderFaults(sequence: readonly Copy[], arrivals: readonly Arrival[]): OrderFault[] {
  const places = new Map(sequence.map((copy, place) => [copy.uuid, place]))
  const answered = new Set<number>()
  const faults: OrderFault[] = []
  let furthest = 0
  for (const arrival of arrivals) {
    const place = places.get(arrival.eventUuid) ?? -1
    if (place > 0 && !answered.has(place - 1)) faults.push({ arrival, what: 'came before its predecessor was answered' })
    if (place < furthest) faults.push({ arrival, what: 'came again after a later one' })
    furthest = Math.max(furthest, place)
    if (arrival.answer === 'ok') answered.add(place)
  }
  return faults
}
