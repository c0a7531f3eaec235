import type { Database, Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import type { Log } from '../log.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'

const EVERY_MS = 600_000

/**
 * Counts lanes that nobody would wake: a head that is not waiting, a count that is not the number of notifications that
 * wait, or waiting notifications without a lane. Must be 0 in every snapshot; reads all that is kept, so it runs rarely.
 */
export async function countStuckLanes(db: Db): Promise<number> {
  const [row] = await db.query<{ stuck: number }>(sql`
    with unsettled as (
      select target_id, lane_series, count(*) as waiting, min(position) as head
      from notification
      where state = 'waiting'
      group by target_id, lane_series
    )
    select count(*)::integer as stuck
    from unsettled
    full join lane on lane.target_id = unsettled.target_id and lane.lane_series = unsettled.lane_series
    where lane.target_id is null or unsettled.target_id is null
      or lane.waiting <> unsettled.waiting or lane.head_position <> unsettled.head`)
  return row?.stuck ?? 0
}

/** Raises an alarm when a lane is stuck, and mends nothing: it would be a bug. */
export function createStuckLaneAlarm({ db, log }: { db: Database; log: Log }): Worker {
  let isFirst = true

  async function turn(): Promise<number> {
    // Not at the start, when others need the database.
    if (isFirst) {
      isFirst = false
      return EVERY_MS
    }
    const stuck = await countStuckLanes(db)
    if (stuck > 0) log.error({ stuck }, 'lanes are stuck')
    return EVERY_MS
  }
  return createLoop({ name: 'stuck-lanes', log, turn, restAfterErrorMs: EVERY_MS })
}
