const RENEW_EVERY_MS = 1000
/** While a partition is about to become free, or could not be taken because its row was locked. */
const SOON_MS = 250

export interface PollTiming {
  /** Since the tick began. */
  readonly elapsedMs: number
  /** Time until the leases of the others end, if they are not renewed. */
  readonly leasesEndMs: readonly number[]
  readonly isUnfinished: boolean
}

/**
 * Returns the ms until the next poll: each second, and when another lease ends, so that a dead owner is found at once.
 */
export const restBeforePoll = ({ elapsedMs, leasesEndMs, isUnfinished }: PollTiming) =>
  Math.max(
    1,
    Math.min(
      RENEW_EVERY_MS - elapsedMs,
      isUnfinished ? SOON_MS : Infinity,
      ...leasesEndMs.map((ms) => Math.ceil(ms) + 1),
    ),
  )
