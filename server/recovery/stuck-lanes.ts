import type { Database } from '../db/database.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { Log } from '../log.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'
import { required } from '../runtime/required.ts'

/** Rarely: it reads the whole table, 2 s for six million rows. `lanes/unknown-notifications.ts` looks each minute. */
const CHECK_INTERVAL_MS = 3_600_000

/**
 * Counts notifications that nobody would ever send: not settled, up to the watermark of their partition, and in a lane
 * without a row; and fan-outs up to the watermark. What is behind it is in the memory of its owner. An invariant: 0 in
 * every snapshot. Looks up only what waits, but reads past all that is settled to find it.
 */
export async function countStuckLanes(db: Db): Promise<number> {
  const [row] = await db.query<{ stuck: number }>(sql`
    select (count(*) + (
             select count(*) from fan_out
             join partition_cursor
               on partition_cursor.partition = fan_out.partition
               and partition_cursor.settled_below >= fan_out.position))::integer as stuck
    from (
      select target_id, lane_series, partition, position from notification
      where settled is null
      offset 0) as waiting
    join partition_cursor
      on partition_cursor.partition = waiting.partition and partition_cursor.settled_below >= waiting.position
    left join lateral (
      select true as has_row from lane
      where lane.target_id = waiting.target_id and lane.lane_series = waiting.lane_series
      limit 1) as cold on true
    where cold.has_row is null`)
  return required(row, 'a count always has a row').stuck
}

/** Returns a worker that logs an error when a lane is stuck. It repairs nothing: a stuck lane is a bug. */
export function createStuckLaneAlarm({ db, log }: { db: Database; log: Log }): Worker {
  let isFirst = true

  async function tick(): Promise<number> {
    // Not at the start, when everything else needs the database.
    if (isFirst) {
      isFirst = false
      return CHECK_INTERVAL_MS
    }
    const stuck = await countStuckLanes(db)
    if (stuck > 0) log.error({ stuck }, 'lanes are stuck')
    return CHECK_INTERVAL_MS
  }
  return createLoop({ name: 'stuck-lanes', log, tick, restAfterErrorMs: CHECK_INTERVAL_MS })
}
