/**
 * All advisory locks of the service, so that no number has two meanings.
 */

/** One process migrates at a time. A 64-bit key. */
export const MIGRATION_LOCK = 1_953_064_307

/**
 * With the partition as second key: one import of counters at a time, and no dispatch of the former release beside it.
 */
export const DISPATCH_LOCKS = 1_953_064_305

/**
 * With the partition as second key: positions in a partition become visible in their order. `publish_records` in the
 * migrations takes the same lock.
 */
export const PUBLISH_LOCKS = 1_953_064_306

/** With a hash of the tenant as second key: a tenant begins one test sequence at a time. */
export const SEQUENCE_LOCKS = 1_953_064_308

/** One process on its embedded database. */
export const INSTANCE_LOCK = { space: 0x54494449, key: 1 } as const
