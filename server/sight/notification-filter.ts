import { join, sql, type Sql } from '../db/sql.ts'
import { laneOf, type Period, type SeriesName } from './event-scans.ts'
import type { Scope } from './scope.ts'
import type { TargetFilter } from './target-scan.ts'

/** All that are given must hold. The period is that of the event. */
export interface NotificationFilter extends Pick<TargetFilter, 'subscriptionUuid' | 'targetId'>, Period {
  readonly eventUuid: string | undefined
  readonly series: SeriesName | undefined
  readonly state: 'waiting' | 'delivered' | 'given_up' | 'cancelled' | undefined
  /** Of the last failed attempt. */
  readonly reason: string | undefined
}

/** Conditions on `one` (notification), `target`, `owned` (subscription) and `published` (event). */
export function notificationConditions(scope: Scope, filter: NotificationFilter): Sql {
  const { subscriptionUuid, targetId, series, state, reason, from, to } = filter
  return join(
    [
      sql`owned.tenant = ${scope.tenant} and published.tenant = ${scope.tenant}`,
      ...(scope.owner === undefined ? [] : [sql`owned.owner = ${scope.owner}`]),
      ...(subscriptionUuid === undefined ? [] : [sql`owned.uuid = ${subscriptionUuid}`]),
      ...(targetId === undefined ? [] : [sql`target.address_key = ${targetId}`]),
      ...(series === undefined ? [] : [sql`one.lane_series = ${laneOf(scope, series)}`]),
      ...(state === undefined ? [] : [sql`one.state = ${state}`]),
      ...(from === undefined ? [] : [sql`published.received >= ${from}::timestamptz`]),
      ...(to === undefined ? [] : [sql`published.received < ${to}::timestamptz`]),
      ...(reason === undefined
        ? []
        : [
            sql`${reason} = (
              select reason from attempt
              where attempt.target_id = one.target_id and attempt.lane_series = one.lane_series
                and attempt.position = one.position
              order by attempt.number desc
              limit 1)`,
          ]),
    ],
    ' and ',
  )
}
