import { sql } from '../../db/sql.ts'

/**
 * An expired subscription that the reaper has not met yet is gone for callers: its name is free already. Dispatch has its
 * own rule, by the time at which an event was received.
 */
export const LIVING = sql`ended is null and (expiry is null or expiry > now())`
