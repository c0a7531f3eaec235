/** The result of draining a backlog without faults. */
export interface ArrivalSummary {
  readonly arrivals: number
  /** From the first arrival to the last. */
  readonly tookMs: number
  /** Numbers that did not follow the one before in their series. */
  readonly outOfOrder: number
  /** Numbers that had come already. */
  readonly repeated: number
  readonly failures: readonly string[]
}

/** Checks arrivals as they come. Keeps one number per series, however many arrivals there are. */
export interface ArrivalChecker {
  arrived(seriesId: string, number: number): void
  /** Returns whether all events have come. */
  isDone(): boolean
  result(): ArrivalSummary
}

export function createArrivalChecker(events: number, clock: () => number = () => performance.now()): ArrivalChecker {
  const last = new Map<string, number>()
  const times = { firstMs: 0, lastMs: 0 }
  let distinct = 0
  let outOfOrder = 0
  let repeated = 0
  return {
    arrived(seriesId, number) {
      if (distinct === 0) times.firstMs = clock()
      times.lastMs = clock()
      const before = last.get(seriesId) ?? 0
      if (number <= before) {
        repeated += 1
        return
      }
      if (number > before + 1) outOfOrder += 1
      last.set(seriesId, number)
      distinct += 1
    },
    isDone: () => distinct >= events,
    result: () => ({
      arrivals: distinct + repeated,
      tookMs: times.lastMs - times.firstMs,
      outOfOrder,
      repeated,
      failures: [
        ...(distinct === events ? [] : [`arrived: ${distinct} of ${events}`]),
        ...(outOfOrder === 0 ? [] : [`out of order or missing: ${outOfOrder}`]),
        ...(repeated === 0 ? [] : [`repeated without any fault: ${repeated}`]),
      ],
    }),
  }
}
