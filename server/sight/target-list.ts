import type { TargetList } from '@tidings/contract/sight.ts'
import { instantText } from '@tidings/contract/event-text.ts'
import type { Db } from '../db/db.ts'
import { sql, type Sql } from '../db/sql.ts'
import { instant } from './event-look.ts'
import { cursorText } from './page-cursor.ts'
import type { Scope } from './scope.ts'
import { targetName } from './target-name.ts'

/** Of each target. */
const MAX_LANES = 100
const MAX_WAITING = 1000
/** Targets, or subscriptions, that a page reads at most. */
const MAX_READ = 500

export interface TargetPageRequest {
  /** Only those with a lane that has a row: something failed, or did not get through for long. */
  readonly isFailing: boolean
  /** The id of the target, or subscription, behind which the page begins. */
  readonly after: number
  readonly limit: number
}

interface TargetListRow {
  /** Of the target or the subscription, for the cursor. */
  readonly place: number
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

/** Returns a page of the delivery targets within the scope, in the order in which they were made. */
export async function listTargets(
  db: Db,
  scope: Scope,
  { isFailing, after, limit }: TargetPageRequest,
): Promise<TargetList> {
  const rows = await db.query<TargetListRow & { readonly scanEnd: number | null; readonly uuid: string | null }>(sql`
    with recursive ${isFailing ? failing(after) : ofSubscriptions(scope, after)},
    matching as (
      select scanned.place, target.id, target.method, target.address, target.address_key, owned.owner, owned.name,
             owned.uuid
      from scanned
      cross join lateral (
        select id, method, address, address_key, subscription_id from delivery_target
        where delivery_target.id = scanned.target_id
        limit 1) as target
      cross join lateral (
        select owner, name, uuid, tenant from subscription
        where subscription.id = target.subscription_id
        limit 1) as owned
      where owned.tenant = ${scope.tenant} and ${scope.owner === undefined ? sql`true` : sql`owned.owner = ${scope.owner}`}
      order by target.id
      limit ${limit + 1})
    select matching.place, matching.method, matching.address, matching.address_key as "addressKey", matching.owner,
           matching.name, matching.uuid, scan_end.place as "scanEnd",
           coalesce(cold.lanes, 0) as lanes, coalesce(cold.waiting, 0) as waiting, ${instant(sql`cold.oldest`)} as oldest,
           ${instant(sql`cold.next_try`)} as "nextTry", coalesce(cold.attempts, 0) as attempts,
           failed.reason as "lastFailure", ${instant(sql`failed.started`)} as "lastFailed"
    from scan_end
    left join matching on true
    left join lateral (${COLD}) as cold on true
    left join lateral (
      select reason, started from attempt
      where attempt.target_id = matching.id and attempt.lane_series = cold.first_series
      order by position desc, number desc
      limit 1) as failed on true
    order by matching.id`)
  const found = rows.filter((row) => row.uuid !== null)
  const shown = found.slice(0, limit)
  const next = found.length > limit ? (shown.at(-1)?.place ?? null) : (rows[0]?.scanEnd ?? null)
  return {
    targets: shown.map((row) => targetReport(row, scope.reader)),
    cursor: next === null ? null : cursorText([next]),
  }
}

/** What waits in the lanes of a target that have a row. `first_series`: of the lane that is tried next. */
const COLD = sql`
  select count(*)::integer as lanes, sum(waiting)::integer as waiting, min(oldest) as oldest, min(due) as next_try,
         max(attempts) as attempts, (array_agg(lane_series order by due))[1] as first_series
  from (
    select lane_series, due, attempts, head_position from lane
    where lane.target_id = matching.id
    order by lane.lane_series
    limit ${MAX_LANES}) as some_lanes
  cross join lateral (
    select count(*) as waiting, min(created) as oldest
    from (
      select created from notification
      where notification.target_id = matching.id and notification.lane_series = some_lanes.lane_series
        and notification.position >= some_lanes.head_position and notification.settled is null
      order by notification.position
      limit ${MAX_WAITING / MAX_LANES}) as first_ones) as counted`

/** Targets that have a row of a lane, one step of the index each. */
const failing = (after: number): Sql => sql`
    step (target_id, number) as (
      (select target_id, 1 from lane where lane.target_id > ${after} order by lane.target_id limit 1)
      union all
      select following.target_id, step.number + 1
      from step
      cross join lateral (
        select target_id from lane where lane.target_id > step.target_id order by lane.target_id limit 1) as following
      where step.number < ${MAX_READ}),
    scanned as materialized (select target_id as place, target_id from step),
    scan_end as materialized (
      select case when count(*) = ${MAX_READ} then max(target_id) end as place from step)`

/** Targets in force of subscriptions, which are read in the order of their ids. */
const ofSubscriptions = ({ tenant, owner }: Scope, after: number): Sql => sql`
    subscriptions as materialized (
      select id from subscription
      where subscription.tenant = ${tenant} and ${owner === undefined ? sql`true` : sql`subscription.owner = ${owner}`}
        and subscription.ended is null
      order by id
      limit 5000),
    scanned as materialized (
      select target.id as place, target.id as target_id
      from subscriptions
      cross join lateral (
        select id from delivery_target
        where delivery_target.subscription_id = subscriptions.id and delivery_target.ended is null
          and delivery_target.id > ${after}
        offset 0) as target
      order by target.id
      limit ${MAX_READ}),
    scan_end as materialized (
      select case when count(*) = ${MAX_READ} then max(place) end as place from scanned)`

function targetReport(row: TargetListRow, reader: string | undefined): TargetList['targets'][number] {
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
