import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { Bounds } from './bounds.ts'
import { notificationConditions, type NotificationFilter } from './notification-filter.ts'
import type { NotificationKey } from './notification-look.ts'
import type { Scan } from './notification-scans.ts'
import { pageOf, type Page, type Place, type PlacedRow } from './page.ts'
import type { Scope } from './scope.ts'

export interface KeyRequest {
  readonly scope: Scope
  readonly filter: NotificationFilter
  /** Undefined: from the beginning. */
  readonly after: Place | undefined
  readonly limit: number
  readonly bounds: Bounds
  /** Only those of lanes without a row. */
  readonly isHot?: boolean
}

export type KeyPage = Page<NotificationKey>

/** Returns the notifications of a scan that are within the scope and fulfil the filter. */
export async function findMatching(
  db: Db,
  { scope, filter, limit, isHot = false }: KeyRequest,
  scan: Scan,
): Promise<KeyPage> {
  const rows = await db.query<NotificationKey & PlacedRow>(sql`
    with ${scan},
    matching as (
      select scanned.*
      from scanned
      cross join lateral (
        select * from notification
        where notification.target_id = scanned.target_id and notification.lane_series = scanned.lane_series
          and notification.position = scanned.position
        limit 1) as one
      cross join lateral (
        select tenant, received from event
        where event.partition = one.partition and event.position = one.position
        limit 1) as published
      cross join lateral (
        select subscription_id, address_key from delivery_target
        where delivery_target.id = scanned.target_id
        limit 1) as target
      cross join lateral (
        select tenant, owner, uuid from subscription
        where subscription.id = target.subscription_id
        limit 1) as owned
      left join lateral (
        select true as has_row from lane
        where ${isHot} and lane.target_id = scanned.target_id and lane.lane_series = scanned.lane_series
        limit 1) as cold on true
      where ${notificationConditions(scope, filter)} and cold.has_row is null
      order by scanned.rank
      limit ${limit + 1})
    select matching.target_id as "targetId", matching.lane_series as "laneSeries", matching.position, matching.place,
           scan_end.place as "scanEnd"
    from scan_end left join matching on true
    order by matching.rank`)
  return pageOf(rows, limit)
}
