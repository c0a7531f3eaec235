/** Messages that one process may have unacknowledged, over all partitions. */
const MAX_UNACKNOWLEDGED = 128
const MIN_PREFETCH = 2
const MAX_PREFETCH = 16

/**
 * Returns how many messages of a partition's queue may be unacknowledged at once, by the number of partitions. It is
 * the same for every process and release that run beside each other: a queue puts returned messages behind those that
 * were returned before, so order survives only if the next owner gets all of them at once (decision 0009).
 */
export const prefetchOf = (partitions: number): number =>
  Math.min(MAX_PREFETCH, Math.max(MIN_PREFETCH, Math.floor(MAX_UNACKNOWLEDGED / partitions)))
