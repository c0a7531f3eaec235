/** Messages that one process may have unacknowledged, of all partitions. */
const IN_ALL = 128
const LEAST = 2
const MOST = 16

/**
 * Messages of a partition's queue that may be unacknowledged at once, by the number of partitions of the installation. The
 * same for every process at every time: a queue puts what comes back behind what came back before, so order survives only
 * if the next owner is given all of it at once (decision 0009). So these numbers are part of what releases that run beside
 * each other agree on.
 */
export const prefetchOf = (partitions: number): number => Math.min(MOST, Math.max(LEAST, Math.floor(IN_ALL / partitions)))
