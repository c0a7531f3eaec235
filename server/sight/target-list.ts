import type { TargetList } from '@tidings/contract/sight.ts'
import { instantText } from '@tidings/contract/event-text.ts'
import type { Db } from '../db/db.ts'
import { sql, type Sql } from '../db/sql.ts'
import { instant } from './event-look.ts'
import { cursorText, type CursorParts } from './page-cursor.ts'
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
  /** The parts of a cursor; undefined: from the beginning. */
  readonly after: CursorParts | undefined
  readonly limit: number
}

/** Of a cursor: when the subscription was created (microseconds since 1970), its id, and the id of the target. */
export const TARGET_CURSOR = ['number', 'number', 'number'] as const

interface Place {
  readonly created: number
  readonly subscriptionId: number
  readonly targetId: number
}

interface TargetListRow extends Place {
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

const microseconds = (column: Sql) => sql`(extract(epoch from ${column}) * 1000000)::bigint`

/** Returns a page of the delivery targets within the scope, in the order in which they were made. */
export async function listTargets(
  db: Db,
  scope: Scope,
  { isFailing, after, limit }: TargetPageRequest,
): Promise<TargetList> {
  const place = placeOf(after)
  const order = isFailing ? sql`target.id` : sql`owned.created, owned.id, target.id`
  const rows = await db.query<
    Omit<TargetListRow, 'uuid'> & { readonly uuid: string | null; readonly scanEnd: Place | null }
  >(sql`
    with recursive ${isFailing ? failing(place) : ofSubscriptions(scope, place)},
    matching as (
      select row_number() over (order by ${order}) as rank, owned.created, owned.id as subscription_id,
             target.id, target.method, target.address, target.address_key, owned.owner, owned.name,
             owned.uuid
      from scanned
      cross join lateral (
        select id, method, address, address_key, subscription_id from delivery_target
        where delivery_target.id = scanned.target_id
        limit 1) as target
      cross join lateral (
        select id, created, owner, name, uuid, tenant from subscription
        where subscription.id = target.subscription_id
        limit 1) as owned
      where owned.tenant = ${scope.tenant}
        and ${scope.owner === undefined ? sql`true` : sql`owned.owner = ${scope.owner}`}
      order by ${order}
      limit ${limit + 1})
    select ${microseconds(sql`matching.created`)} as created, matching.subscription_id as "subscriptionId",
           matching.id as "targetId", matching.method, matching.address, matching.address_key as "addressKey",
           matching.owner,
           matching.name, matching.uuid, scan_end.place as "scanEnd",
           coalesce(cold.lanes, 0) as lanes, coalesce(cold.waiting, 0) as waiting,
           ${instant(sql`cold.oldest`)} as oldest,
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
    order by matching.rank`)
  const found = rows.flatMap(({ uuid, scanEnd, ...row }) => (uuid === null ? [] : [{ ...row, uuid }]))
  const shown = found.slice(0, limit)
  const next = found.length > limit ? shown.at(-1) : rows[0]?.scanEnd
  return {
    targets: shown.map((row) => targetReport(row, scope.reader)),
    cursor: next == null ? null : cursorText([next.created, next.subscriptionId, next.targetId]),
  }
}

function placeOf(after: CursorParts | undefined): Place {
  const [created = 0, subscriptionId = 0, targetId = 0] = after ?? []
  return {
    created: Number(created),
    subscriptionId: Number(subscriptionId),
    targetId: Number(targetId),
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
const failing = ({ targetId: after }: Place): Sql => sql`
    step (target_id, number) as (
      (select target_id, 1 from lane where lane.target_id > ${after} order by lane.target_id limit 1)
      union all
      select following.target_id, step.number + 1
      from step
      cross join lateral (
        select target_id from lane where lane.target_id > step.target_id order by lane.target_id limit 1) as following
      where step.number < ${MAX_READ}),
    scanned as materialized (select target_id from step),
    scan_end as materialized (
      select case when count(*) = ${MAX_READ}
                  then json_build_object('created', 0, 'subscriptionId', 0, 'targetId', max(target_id)) end as place
      from step)`

/** Targets in force of active subscriptions, in the order of their creation. */
const ofSubscriptions = ({ tenant, owner }: Scope, { created, subscriptionId, targetId }: Place): Sql => sql`
    subscriptions as materialized (
      select id, created from subscription
      where subscription.tenant = ${tenant} and ${owner === undefined ? sql`true` : sql`subscription.owner = ${owner}`}
        and subscription.ended is null
        and (subscription.created, subscription.id) >= (
          timestamptz 'epoch' + ${created}::float8 * interval '1 microsecond', ${subscriptionId}::bigint)
      order by subscription.created, subscription.id
      limit ${MAX_READ}),
    scanned as materialized (
      select target.id as target_id
      from subscriptions
      cross join lateral (
        select id from delivery_target
        where delivery_target.subscription_id = subscriptions.id and delivery_target.ended is null
          and (subscriptions.id <> ${subscriptionId}::bigint or delivery_target.id > ${targetId}::bigint)
        offset 0) as target),
    scan_end as materialized (
      select case when (select count(*) from subscriptions) = ${MAX_READ} then last.place end as place
      from (values (1)) as one
      left join lateral (
        select json_build_object('created', ${microseconds(sql`created`)}, 'subscriptionId', id,
                                 'targetId', ${Number.MAX_SAFE_INTEGER}::bigint) as place
        from subscriptions
        order by subscriptions.created desc, subscriptions.id desc
        limit 1) as last on true)`

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
