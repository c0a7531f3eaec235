/** Every advisory lock that a process of Tidings takes stands here, so that no two mean different things by one number. */

/** One process migrates at a time. A key of 64 bits. */
export const MIGRATION_LOCK = 1_953_064_307

/** With the partition as second key: one dispatch of a partition at a time. */
export const DISPATCH_LOCKS = 1_953_064_305

/** With the partition as second key: places in a partition become visible in their order. `publish_records` of the migrations takes the same. */
export const PUBLISH_LOCKS = 1_953_064_306

/** With a hash of the tenant as second key: one test sequence is begun in a tenant at a time. */
export const SEQUENCE_LOCKS = 1_953_064_308

/** One process that brings its own database with it. */
export const INSTANCE_LOCK = { space: 0x54494449, key: 1 } as const
