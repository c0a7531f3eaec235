const RENEW_EVERY_MS = 1000
/** While something is about to become free, or could not be had because its row was locked. */
const SOON_MS = 250

export interface LookParts {
  /** Since the turn began. */
  readonly elapsedMs: number
  /** Until the leases of the others end, if they are not renewed. */
  readonly leasesEndMs: readonly number[]
  readonly isUnfinished: boolean
}

/** When to look again: at each second, and when the lease of another ends, so that a dead one is found at once. Pure. */
export const restBeforeLook = ({ elapsedMs, leasesEndMs, isUnfinished }: LookParts) =>
  Math.max(1, Math.min(RENEW_EVERY_MS - elapsedMs, isUnfinished ? SOON_MS : Infinity, ...leasesEndMs.map((ms) => Math.ceil(ms) + 1)))
