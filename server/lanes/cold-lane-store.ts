import type { Db } from '../db/db.ts'
import { fenceOf, type OwnedPartitions } from '../db/fence.ts'
import { sql } from '../db/sql.ts'
import type { DeliveryMethod, LaneKey } from './lane.ts'
import { attemptParameters, type FailedAttempt } from './failed-attempts.ts'
import { inLockOrder, type PlacedLane } from './placed-lane.ts'

/** A lane that is to have a row. */
export interface FrozenLane extends PlacedLane {
  readonly method: DeliveryMethod
  readonly addressKey: string
  /** Of the first notification in it that is not settled. */
  readonly firstPosition: number
  /** Failed attempts at that one so far. */
  readonly attempts: number
  /** Until it is due. */
  readonly delayMs: number
  /** Until a success of another lane at its address makes it due; unset: none does. */
  readonly wakesAfterMs?: number | undefined
}

export interface Watermark {
  readonly partition: number
  /** Everything up to here is settled, or in a lane that has a row once this is written. */
  readonly watermark: number
}

/**
 * Gives these lanes rows, each of them once, or changes the rows that they have; records the failed attempts that made
 * them cold; moves the watermarks. One statement: all or nothing. Fenced. A bound and a watermark never move backwards,
 * `attempts` and the time when the lane is due are replaced. Repeating it is harmless but for that time.
 */
export async function freezeLanes(
  db: Db,
  owned: OwnedPartitions,
  lanes: readonly FrozenLane[],
  failures: readonly FailedAttempt[],
  watermarks: readonly Watermark[],
): Promise<void> {
  const rows = inLockOrder(lanes)
  const marks = watermarks.toSorted((a, b) => a.partition - b.partition)
  const fence = fenceOf(owned, partitionsOf([...rows, ...marks]))
  await db.query(sql`
    select freeze_lanes(
      owner_id => ${owned.ownerId},
      partitions => ${fence.partitions}::smallint[],
      epochs => ${fence.epochs}::bigint[],
      watermark_partitions => ${marks.map((one) => one.partition)}::smallint[],
      watermarks => ${marks.map((one) => one.watermark)}::bigint[],
      targets => ${rows.map((one) => one.targetId)}::bigint[],
      lane_keys => ${rows.map((one) => one.laneSeries)}::uuid[],
      lane_partitions => ${rows.map((one) => one.partition)}::smallint[],
      methods => ${rows.map((one) => one.method)}::text[],
      address_keys => ${rows.map((one) => one.addressKey)}::uuid[],
      first_positions => ${rows.map((one) => one.firstPosition)}::bigint[],
      attempts_made => ${rows.map((one) => one.attempts)}::integer[],
      delays_ms => ${rows.map((one) => one.delayMs)}::float8[],
      wake_delays_ms => ${rows.map((one) => one.wakesAfterMs ?? null)}::float8[],
      ${attemptParameters(inLockOrder(failures))})`)
}

/**
 * Takes the rows of those lanes in which everything is settled. Fenced. Returns the lanes that have no row now, also
 * those that had none before; the others keep theirs. Only correct on the connection that dispatches the partitions:
 * a dispatch beside it could add to a lane that it finds empty.
 */
export function thawLanes(db: Db, owned: OwnedPartitions, lanes: readonly PlacedLane[]): Promise<LaneKey[]> {
  const rows = inLockOrder(lanes)
  const fence = fenceOf(owned, partitionsOf(rows))
  return db.query<LaneKey>(sql`
    select target_id as "targetId", lane_series as "laneSeries"
    from thaw_lanes(
      owner_id => ${owned.ownerId},
      partitions => ${fence.partitions}::smallint[],
      epochs => ${fence.epochs}::bigint[],
      targets => ${rows.map((one) => one.targetId)}::bigint[],
      lane_keys => ${rows.map((one) => one.laneSeries)}::uuid[])`)
}

/** What becomes of notifications without an attempt; of those to be given up, only what is as old as `minAgeMs`. */
export type EndWithoutAttempt =
  { readonly state: 'cancelled' } | { readonly state: 'given_up'; readonly minAgeMs: number }

/**
 * Settles at most `maxRows` notifications of these lanes, and counts down removals. Fenced. Returns the lane of each
 * that it has settled; none when nothing is left to settle. The lanes keep their rows; one without a row is left alone.
 */
export function endWaiting(
  db: Db,
  owned: OwnedPartitions,
  lanes: readonly PlacedLane[],
  end: EndWithoutAttempt,
  maxRows: number,
): Promise<LaneKey[]> {
  const rows = inLockOrder(lanes)
  const fence = fenceOf(owned, partitionsOf(rows))
  return db.query<LaneKey>(sql`
    select target_id as "targetId", lane_series as "laneSeries"
    from end_waiting(
      owner_id => ${owned.ownerId},
      partitions => ${fence.partitions}::smallint[],
      epochs => ${fence.epochs}::bigint[],
      targets => ${rows.map((one) => one.targetId)}::bigint[],
      lane_keys => ${rows.map((one) => one.laneSeries)}::uuid[],
      end_state => ${end.state},
      min_age_ms => ${end.state === 'given_up' ? end.minAgeMs : null}::float8,
      max_rows => ${maxRows}::integer)`)
}

const partitionsOf = (rows: readonly { readonly partition: number }[]) => rows.map((row) => row.partition)

export {
  findCancelledLanes,
  findDueLanes,
  readColdLanes,
  readNextDue,
  readWaiting,
  scanPairs,
  type AskedPair,
  type ColdLane,
  type DueLane,
  type WaitingRow,
} from './due-lanes.ts'
