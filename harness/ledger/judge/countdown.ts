/** What came of a backlog that nothing disturbed. */
export interface Drained {
  readonly arrivals: number
  /** From the first arrival to the last. */
  readonly tookMs: number
  /** Numbers that did not follow the one before in their series. */
  readonly outOfOrder: number
  /** Numbers that had come before. */
  readonly again: number
  readonly faults: readonly string[]
}

/** Checks arrivals as they come and keeps one number a series, however many there are. */
export interface Countdown {
  arrived(seriesId: string, number: number): void
  /** All have come. */
  isDone(): boolean
  result(): Drained
}

export function createCountdown(events: number, clock: () => number = () => performance.now()): Countdown {
  const last = new Map<string, number>()
  const times = { firstMs: 0, lastMs: 0 }
  let distinct = 0
  let outOfOrder = 0
  let again = 0
  return {
    arrived(seriesId, number) {
      if (distinct === 0) times.firstMs = clock()
      times.lastMs = clock()
      const before = last.get(seriesId) ?? 0
      if (number <= before) {
        again += 1
        return
      }
      if (number > before + 1) outOfOrder += 1
      last.set(seriesId, number)
      distinct += 1
    },
    isDone: () => distinct >= events,
    result: () => ({
      arrivals: distinct + again, tookMs: times.lastMs - times.firstMs, outOfOrder, again,
      faults: [
        ...(distinct === events ? [] : [`arrived: ${distinct} of ${events}`]),
        ...(outOfOrder === 0 ? [] : [`out of order or missing: ${outOfOrder}`]),
        ...(again === 0 ? [] : [`came again although nothing was disturbed: ${again}`]),
      ],
    }),
  }
}
