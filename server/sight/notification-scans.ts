import { sql, type Sql } from '../db/sql.ts'
import type { Bounds } from './bounds.ts'
import type { NotificationKey } from './notification-look.ts'
import type { Place } from './page.ts'
import type { Scope } from './scope.ts'
import {
  FIRST_TARGET,
  LAST_ID,
  subscriptionsEnd,
  TARGET_PLACE,
  targetPlaceAt,
  targetsOf,
  type TargetFilter,
} from './target-scan.ts'

/**
 * A scan names notifications in an order, from a place on and with a bound on what it reads: parts of a `with`, among
 * them `scanned` (target_id, lane_series, position, rank, place), and `scan_end`, one row: the place up to which it is
 * complete, null: to its end. A place begins with the name of its scan.
 *
 * What is read subscription by subscription is cut off by a `limit` in a nested loop whose outer side is in order, so
 * what has been read is all up to the last row; test/database-sight-pages.test.ts compares it with all rows.
 */
export type Scan = Sql

const NIL = '00000000-0000-0000-0000-000000000000'
const WHOLE = sql`scan_end as materialized (select null::json as place)`

/** Those of one event with few, by target. */
export const scanEvent = (partition: number, position: number, after: Place | undefined): Scan => sql`
    scanned as materialized (
      select target_id, lane_series, position, target_id as rank,
             json_build_array('event', target_id) as place
      from notification
      where notification.partition = ${partition} and notification.position = ${position}
        and notification.target_id > ${Number(after?.[1] ?? 0)}::bigint),
    ${WHOLE}`

/** Those of one event, by subscription. `prefix`: of its places. */
export function scanTargetsForEvent(
  scope: Scope,
  filter: TargetFilter,
  { laneSeries, position }: Omit<NotificationKey, 'targetId'>,
  { prefix, after }: { readonly prefix: Place; readonly after: Place | undefined },
  bounds: Bounds,
): Scan {
  const from = after === undefined ? FIRST_TARGET : targetPlaceAt(after, prefix.length)
  const placeOf = (columns: Sql) => sql`(${JSON.stringify(prefix)}::jsonb || jsonb_build_array(${columns}))::json`
  return sql`
    ${targetsOf(scope, filter, { ...from, targetId: from.targetId + 1 }, bounds.subscriptions)},
    read as materialized (
      select targets.*, hit.lane_series, hit.position from targets
      cross join lateral (
        select lane_series, position from notification
        where notification.target_id = targets.target_id and notification.lane_series = ${laneSeries}
          and notification.position = ${position}
        limit 1) as hit
      limit ${bounds.notifications}),
    ${inOrder(placeOf(TARGET_PLACE))},
    ${endOf(bounds, placeOf)}`
}

/** All of targets, by subscription, target and lane; of one lane if it is given. */
export function scanTargets(
  scope: Scope,
  filter: TargetFilter,
  lane: string | undefined,
  after: Place | undefined,
  bounds: Bounds,
): Scan {
  const from = after === undefined ? FIRST_TARGET : targetPlaceAt(after, 1)
  const [laneSeries, position] = after === undefined ? [NIL, 0] : [String(after[5]), Number(after[6])]
  return sql`
    ${targetsOf(scope, filter, from, bounds.subscriptions)},
    read as materialized (
      select targets.*, one.lane_series, one.position from targets
      cross join lateral (
        select lane_series, position from notification
        where notification.target_id = targets.target_id
          and ${lane === undefined ? sql`true` : sql`notification.lane_series = ${lane}`}
          and (targets.target_id <> ${from.targetId}::bigint
               or (notification.lane_series, notification.position) > (${laneSeries}::uuid, ${position}::bigint))
        order by notification.lane_series, notification.position
        limit ${bounds.notifications}) as one
      limit ${bounds.notifications}),
    ${inOrder(sql`json_build_array('targets', ${TARGET_PLACE}, lane_series, position)`)},
    ${endOf(bounds, (columns) => sql`json_build_array('targets', ${columns}, ${NIL}::text, 0)`)}`
}

/** All of targets with few, newest first; of one lane if it is given. The caller knows that there are not many. */
export const scanSorted = (
  scope: Scope,
  filter: TargetFilter,
  lane: string | undefined,
  after: Place | undefined,
  bounds: Bounds,
): Scan => sql`
    ${targetsOf(scope, filter, FIRST_TARGET, bounds.targets)},
    scanned as materialized (
      select *, row_number() over (order by position desc, target_id desc) as rank,
             json_build_array('sorted', position, target_id) as place
      from (
        select one.* from targets
        cross join lateral (
          select target_id, lane_series, position from notification
          where notification.target_id = targets.target_id
            and ${lane === undefined ? sql`true` : sql`notification.lane_series = ${lane}`}
            and (notification.position, notification.target_id)
                < (${Number(after?.[1] ?? LAST_ID)}::bigint, ${Number(after?.[2] ?? LAST_ID)}::bigint)
          offset 0) as one) as read),
    ${WHOLE}`

/** What waits in lanes that have a row, by subscription, target and lane. */
export function scanColdLanes(scope: Scope, after: Place | undefined, bounds: Bounds): Scan {
  const from = after === undefined ? FIRST_TARGET : targetPlaceAt(after, 1)
  const [laneSeries, position] = after === undefined ? [NIL, 0] : [String(after[5]), Number(after[6])]
  const anyTarget = { subscriptionUuid: undefined, targetId: undefined }
  return sql`
    ${targetsOf(scope, anyTarget, from, bounds.subscriptions)},
    read as materialized (
      select targets.*, cold.lane_series, waiting.position from targets
      cross join lateral (
        select lane_series, head_position from lane
        where lane.target_id = targets.target_id
          and (targets.target_id <> ${from.targetId}::bigint or lane.lane_series >= ${laneSeries}::uuid)
        order by lane.lane_series
        limit ${bounds.notifications}) as cold
      cross join lateral (
        select position from notification
        where notification.target_id = targets.target_id and notification.lane_series = cold.lane_series
          and notification.position >= cold.head_position and notification.settled is null
          and ((targets.target_id, cold.lane_series) <> (${from.targetId}::bigint, ${laneSeries}::uuid)
               or notification.position > ${position}::bigint)
        order by notification.position
        limit ${bounds.notifications}) as waiting
      limit ${bounds.notifications}),
    ${inOrder(sql`json_build_array('cold', ${TARGET_PLACE}, lane_series, position)`)},
    ${endOf(bounds, (columns) => sql`json_build_array('cold', ${columns}, ${NIL}::text, 0)`)}`
}

const inOrder = (place: Sql): Sql => sql`
    scanned as materialized (
      select target_id, lane_series, position, ${place} as place,
             row_number() over (order by owner, name, subscription_id, target_id, lane_series, position) as rank
      from read)`

/** Behind the last notification, if there were too many of them, else behind the last subscription. */
const endOf = ({ notifications, subscriptions }: Bounds, placeOf: (columns: Sql) => Sql): Sql => sql`
    scan_end as materialized (
      select coalesce((select place from scanned where rank = ${notifications}),
                      ${subscriptionsEnd(subscriptions, placeOf)}) as place)`
