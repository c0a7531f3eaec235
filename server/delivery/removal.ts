import type { Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'

/**
 * deleteSubscriptionsMatchingSubject, at settlement: counts down the unsettled notifications of events that carry the
 * flag. At 0 recovery ends the subscriptions. `positions` has one entry per notification. Locks the counters in the order
 * of their positions.
 */
export async function countDownRemovals(tx: Db, positions: readonly number[]): Promise<void> {
  if (positions.length === 0) return
  const counts = new Map<number, number>()
  for (const position of positions) counts.set(position, (counts.get(position) ?? 0) + 1)
  await tx.query(sql`
    with settled as (
      select subject_removal.position, done.count
      from subject_removal
      join unnest(${[...counts.keys()]}::bigint[], ${[...counts.values()]}::integer[]) as done (position, count) using (position)
      order by subject_removal.position
      for update of subject_removal
    )
    update subject_removal
    set unsettled = unsettled - settled.count
    from settled
    where subject_removal.position = settled.position`)
}
