/** An event that took long: when it should have been sent, and when it arrived. */
export interface SlowEvent {
  readonly intendedMicros: number
  readonly arrivedMicros: number
}

/** A time in which at least one slow event was under way. */
export interface Stall {
  /** After the start of the measurement. */
  readonly atMs: number
  readonly lengthMs: number
  readonly events: number
}

/** Joins slow events that were under way at the same time. The result is in the order of time. */
export function stallsOf(slow: readonly SlowEvent[], startMicros: number): Stall[] {
  const stalls: { fromMicros: number; toMicros: number; events: number }[] = []
  for (const { intendedMicros, arrivedMicros } of slow.toSorted((a, b) => a.intendedMicros - b.intendedMicros)) {
    const last = stalls.at(-1)
    if (last && intendedMicros <= last.toMicros) {
      last.toMicros = Math.max(last.toMicros, arrivedMicros)
      last.events += 1
    } else stalls.push({ fromMicros: intendedMicros, toMicros: arrivedMicros, events: 1 })
  }
  return stalls.map(({ fromMicros, toMicros, events }) => ({
    atMs: (fromMicros - startMicros) / 1000,
    lengthMs: (toMicros - fromMicros) / 1000,
    events,
  }))
}
