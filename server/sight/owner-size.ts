import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { Bounds } from './bounds.ts'
import type { Scope } from './scope.ts'
import { FIRST_TARGET, targetsOf, type TargetFilter } from './target-scan.ts'

/** Whether what targets have can be read at once. */
export interface TargetsSize {
  /** There are more subscriptions in the scope than are looked at together. */
  readonly hasManySubscriptions: boolean
  /** Their notifications are more than are sorted; or they are more than are merged. */
  readonly hasManyNotifications: boolean
}

/** Counts up to the bounds what these targets of the scope have, in all lanes or in one; or how many have something. */
export async function sizeOfTargets(
  db: Db,
  scope: Scope,
  {
    filter,
    lane,
    counts,
  }: {
    readonly filter: TargetFilter
    readonly lane: string | undefined
    readonly counts: 'notifications' | 'targets'
  },
  { targets, sorted, notifications }: Bounds,
): Promise<TargetsSize> {
  const most = counts === 'notifications' ? sorted : notifications
  const [size] = await db.query<TargetsSize>(sql`
    with ${targetsOf(scope, filter, FIRST_TARGET, targets + 1)}
    select (select count(*) from subscriptions) > ${targets} as "hasManySubscriptions",
           (select count(*) from (
              select from targets
              cross join lateral (
                select from notification
                where notification.target_id = targets.target_id
                  and ${lane === undefined ? sql`true` : sql`notification.lane_series = ${lane}`}
                limit ${counts === 'notifications' ? most + 1 : 1}) as one
              limit ${most + 1}) as some_of_them) > ${most} as "hasManyNotifications"`)
  return size ?? { hasManySubscriptions: true, hasManyNotifications: true }
}
