/** Counts what arrived per lane: a target and a series. */
export interface Arrivals {
  /** Different events. */
  readonly unique: number
  /** Events that had arrived before. */
  readonly repeated: number
  /** Events that arrived before an earlier one of their lane. */
  readonly early: number
  add(lane: number, number: number): void
}

interface Lane {
  /** All numbers up to here have arrived. */
  complete: number
  readonly beyond: Set<number>
}

/** Numbers begin with 1 in every lane. */
export function createArrivals(): Arrivals {
  const lanes: Lane[] = []
  const counts = { unique: 0, repeated: 0, early: 0 }
  return {
    get unique() {
      return counts.unique
    },
    get repeated() {
      return counts.repeated
    },
    get early() {
      return counts.early
    },
    add(index, number) {
      const lane = (lanes[index] ??= { complete: 0, beyond: new Set() })
      if (number <= lane.complete || lane.beyond.has(number)) {
        counts.repeated += 1
        return
      }
      counts.unique += 1
      if (number === lane.complete + 1) lane.complete = completeAfter(number, lane.beyond)
      else {
        counts.early += 1
        lane.beyond.add(number)
      }
    },
  }
}

/** Takes the numbers that follow without a gap out of the set; returns the last of them. */
function completeAfter(number: number, beyond: Set<number>): number {
  let last = number
  while (beyond.delete(last + 1)) last += 1
  return last
}
