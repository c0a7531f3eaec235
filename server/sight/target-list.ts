import type { TargetReport } from '@tidings/contract/sight.ts'
import { instantText } from '@tidings/contract/event-text.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { BOUNDS, type Bounds } from './bounds.ts'
import { instant } from './event-row.ts'
import { pageOf, type Page, type Place, type PlacedRow } from './page.ts'
import type { Scope } from './scope.ts'
import { FIRST_TARGET, subscriptionsEnd, TARGET_PLACE, targetPlaceAt, targetsOf } from './target-scan.ts'
import { targetName } from './target-name.ts'

/** Of each target. */
const MAX_LANES = 100
/** Of each lane. */
const MAX_WAITING = 10

export interface TargetPageRequest {
  /** Only those with a lane that has a row: something failed, or did not get through for long. */
  readonly isFailing: boolean
  /** Undefined: from the beginning. */
  readonly after: Place | undefined
  readonly limit: number
}

interface TargetListRow extends PlacedRow {
  readonly method: string
  readonly address: string
  readonly addressKey: string
  readonly owner: string
  readonly name: string
  readonly uuid: string
  readonly lanes: number
  readonly waiting: number
  readonly oldest: string | null
  readonly nextTry: string | null
  readonly attempts: number
  readonly lastFailure: string | null
  readonly lastFailed: string | null
}

const IN_FORCE = { subscriptionUuid: undefined, targetId: undefined, isActive: true }

/** Returns a page of the delivery targets in force within the scope, by owner and name of their subscriptions. */
export async function listTargets(
  db: Db,
  scope: Scope,
  { isFailing, after, limit }: TargetPageRequest,
  bounds: Bounds = BOUNDS,
): Promise<Page<TargetReport>> {
  const from = after === undefined ? FIRST_TARGET : targetPlaceAt(after, 0)
  const { rows, next } = pageOf(
    await db.query<TargetListRow>(sql`
    with ${targetsOf(scope, IN_FORCE, { ...from, targetId: from.targetId + 1 }, bounds.subscriptions)},
    scan_end as materialized (
      select ${subscriptionsEnd(bounds.subscriptions, (columns) => sql`json_build_array(${columns})`)} as place),
    matching as (
      select targets.*, json_build_array(${TARGET_PLACE}) as place,
             row_number() over (order by owner, name, subscription_id, target_id) as rank
      from targets
      ${isFailing ? WITH_LANE : sql``}
      order by rank
      limit ${limit + 1})
    select matching.place, scan_end.place as "scanEnd", matching.owner, matching.name, owned.uuid, target.method,
           target.address, target.address_key as "addressKey", coalesce(cold.lanes, 0) as lanes,
           coalesce(cold.waiting, 0) as waiting, ${instant(sql`cold.oldest`)} as oldest,
           ${instant(sql`cold.next_try`)} as "nextTry", coalesce(cold.attempts, 0) as attempts,
           failed.reason as "lastFailure", ${instant(sql`failed.started`)} as "lastFailed"
    from scan_end
    left join matching on true
    left join lateral (
      select method, address, address_key from delivery_target where delivery_target.id = matching.target_id
      limit 1) as target on true
    left join lateral (
      select uuid from subscription where subscription.id = matching.subscription_id limit 1) as owned on true
    left join lateral (${COLD}) as cold on true
    left join lateral (
      select reason, started from attempt
      where attempt.target_id = matching.target_id and attempt.lane_series = cold.first_series
      order by position desc, number desc
      limit 1) as failed on true
    order by matching.rank`),
    limit,
  )
  return { rows: rows.map((row) => targetReport(row, scope.reader)), next }
}

/** Looked up for each: as an `exists` it may be planned to read the lanes of everybody. */
const WITH_LANE = sql`
      cross join lateral (select from lane where lane.target_id = targets.target_id limit 1) as cold`

/** What waits in the lanes of a target that have a row. `first_series`: of the lane that is tried next. */
const COLD = sql`
  select count(*)::integer as lanes, sum(waiting)::integer as waiting, min(oldest) as oldest, min(due) as next_try,
         max(attempts) as attempts, (array_agg(lane_series order by due))[1] as first_series
  from (
    select lane_series, due, attempts, head_position from lane
    where lane.target_id = matching.target_id
    order by lane.lane_series
    limit ${MAX_LANES}) as some_lanes
  cross join lateral (
    select count(*) as waiting, min(created) as oldest
    from (
      select created from notification
      where notification.target_id = matching.target_id and notification.lane_series = some_lanes.lane_series
        and notification.position >= some_lanes.head_position and notification.settled is null
      order by notification.position
      limit ${MAX_WAITING}) as first_ones) as counted`

function targetReport(row: TargetListRow, reader: string | undefined): TargetReport {
  const textOf = (text: string | null) => (text === null ? null : instantText(text))
  return {
    target: targetName(row, row.owner, reader),
    subscription: { uuid: row.uuid, owner: row.owner, name: row.name },
    coldLanes: row.lanes,
    waiting: row.waiting,
    oldest: textOf(row.oldest),
    attempts: row.attempts,
    lastFailure: row.lastFailure,
    lastFailed: textOf(row.lastFailed),
    nextTry: textOf(row.nextTry),
  }
}
