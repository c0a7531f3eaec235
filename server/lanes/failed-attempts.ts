import { sql, type Sql } from '../db/sql.ts'
import type { LaneKey } from './lane.ts'

/** An attempt that failed, as it is recorded for inspection. */
export interface FailedAttempt extends LaneKey {
  readonly partition: number
  readonly position: number
  /** Attempts made, this one included: its number. */
  readonly attempts: number
  readonly durationMs: number
  readonly httpStatus: number | null
  readonly reason: string
}

/** The parameters `attempt_...` of settle_notifications and freeze_lanes. */
export const attemptParameters = (failed: readonly FailedAttempt[]): Sql => sql`
    attempt_targets => ${failed.map((one) => one.targetId)}::bigint[],
    attempt_lane_keys => ${failed.map((one) => one.laneSeries)}::uuid[],
    attempt_positions => ${failed.map((one) => one.position)}::bigint[],
    attempt_partitions => ${failed.map((one) => one.partition)}::smallint[],
    attempt_numbers => ${failed.map((one) => one.attempts)}::integer[],
    attempt_durations_ms => ${failed.map((one) => Math.round(one.durationMs))}::integer[],
    attempt_http_statuses => ${failed.map((one) => one.httpStatus)}::smallint[],
    attempt_reasons => ${failed.map((one) => one.reason)}::text[]`
