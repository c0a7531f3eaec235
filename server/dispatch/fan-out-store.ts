import type { Db } from '../db/db.ts'
import { fenceOf, type OwnedPartitions } from '../db/fence.ts'
import { INSTANT_FORMAT } from '../db/instant-format.ts'
import { sql } from '../db/sql.ts'
import type { DispatchedNotification } from '../lanes/known-rows.ts'
import type { Slice } from '../lanes/intake.ts'

/**
 * Inserts the next notifications of these fan-outs, each of them once, in one statement, all or nothing. Fenced.
 * Returns them, in no order. `areCold`: their lanes get rows, due now. Rejects when a fan-out is not where it was left:
 * see `isMovedCursor`. Only correct on the connection that dispatches the partitions.
 */
export function expandFanOuts(
  db: Db,
  owned: OwnedPartitions,
  slices: readonly Slice[],
  areCold: boolean,
): Promise<DispatchedNotification[]> {
  const ordered = slices.toSorted((a, b) => a.fanOut.position - b.fanOut.position)
  const fence = fenceOf(
    owned,
    ordered.map(({ fanOut }) => fanOut.partition),
  )
  return db.query<DispatchedNotification>(sql`
    select partition, position, target_id as "targetId", uuid,
           to_char(created at time zone 'UTC', ${INSTANT_FORMAT}) as created, is_cold as "isCold"
    from expand_fan_outs(
      owner_id => ${owned.ownerId},
      partitions => ${fence.partitions}::smallint[],
      epochs => ${fence.epochs}::bigint[],
      slice_partitions => ${ordered.map(({ fanOut }) => fanOut.partition)}::smallint[],
      slice_positions => ${ordered.map(({ fanOut }) => fanOut.position)}::bigint[],
      from_indexes => ${ordered.map(({ fanOut }) => fanOut.done)}::integer[],
      slice_sizes => ${ordered.map(({ size }) => size)}::integer[],
      are_cold => ${areCold}::boolean)`)
}
