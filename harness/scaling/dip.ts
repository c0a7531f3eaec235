const WINDOW_MS = 250

export interface DipWindow {
  readonly fromMs: number
  readonly toMs: number
  /** The usual rate. */
  readonly perSecond: number
}

/** Returns the longest time, in ms and in steps of 250 ms, in which less than half of the usual rate arrived. Pure. */
export function longestDipMs(arrivalsMs: readonly number[], { fromMs, toMs, perSecond }: DipWindow): number {
  const counts = new Array<number>(Math.ceil((toMs - fromMs) / WINDOW_MS)).fill(0)
  for (const atMs of arrivalsMs) {
    const index = Math.floor((atMs - fromMs) / WINDOW_MS)
    if (index >= 0 && index < counts.length) counts[index] = (counts[index] ?? 0) + 1
  }
  let longest = 0
  let current = 0
  for (const count of counts) {
    current = count < (perSecond * WINDOW_MS) / 2000 ? current + WINDOW_MS : 0
    longest = Math.max(longest, current)
  }
  return longest
}
