import type { Db } from '../db/db.ts'
import { fenceOf, type OwnedPartitions } from '../db/fence.ts'
import { sql } from '../db/sql.ts'
import { required } from '../runtime/required.ts'
import { attemptParameters, type FailedAttempt } from './failed-attempts.ts'
import { inLockOrder } from './placed-lane.ts'
import type { FinalSettlement } from './settlement.ts'

/** What is written of a final settlement. `attempts` and `httpStatus` are not, for `cancelled`. */
export type WrittenSettlement = Omit<FinalSettlement, 'delayMs' | 'askedMs' | 'lastFailure'>

/**
 * Writes final outcomes, and the failed attempts among them, in one statement: all or nothing. Fenced. Returns how many
 * notifications it has settled; one that was settled before stays as it is, so the same call may be repeated after an
 * unknown outcome. `removalPositions`: which of the events remove subscriptions when their last notification is
 * settled. Locks by key, and the counters of the removals by position.
 */
export async function settleNotifications(
  db: Db,
  owned: OwnedPartitions,
  settled: readonly WrittenSettlement[],
  removalPositions: readonly number[],
): Promise<number> {
  const rows = inLockOrder(settled)
  const fence = fenceOf(
    owned,
    rows.map((one) => one.partition),
  )
  const [row] = await db.query<{ settled: number }>(sql`
    select settle_notifications(
      owner_id => ${owned.ownerId},
      partitions => ${fence.partitions}::smallint[],
      epochs => ${fence.epochs}::bigint[],
      targets => ${rows.map((one) => one.targetId)}::bigint[],
      lane_keys => ${rows.map((one) => one.laneSeries)}::uuid[],
      positions => ${rows.map((one) => one.position)}::bigint[],
      states => ${rows.map((one) => one.kind)}::text[],
      attempts_made => ${rows.map((one) => (one.kind === 'cancelled' ? null : one.attempts))}::integer[],
      http_statuses => ${rows.map((one) => (one.kind === 'cancelled' ? null : one.httpStatus))}::smallint[],
      removal_positions => ${removalPositions}::bigint[],
      ${attemptParameters(rows.filter(hasFailed))}) as settled`)
  return required(row, 'a function always has a result').settled
}

const hasFailed = (one: WrittenSettlement): one is WrittenSettlement & FailedAttempt =>
  one.kind === 'given_up' && one.reason !== null
