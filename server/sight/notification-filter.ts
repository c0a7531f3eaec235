import type { Db } from '../db/db.ts'
import { hashKey } from '../db/hash-key.ts'
import { join, sql, type Sql } from '../db/sql.ts'
import type { Scope } from './scope.ts'

/** Of an owner or an address, when notifications are looked for. */
const MAX_TARGETS = 5000

/** All that are given must hold. */
export interface NotificationFilter {
  readonly eventUuid: string | undefined
  readonly subscriptionUuid: string | undefined
  /** The address key. */
  readonly targetId: string | undefined
  /** All three, or none. */
  readonly series: { readonly source: string; readonly subject: string; readonly seriesId: string } | undefined
  readonly state: 'waiting' | 'delivered' | 'given_up' | 'cancelled' | undefined
  /** Of the last failed attempt. */
  readonly reason: string | undefined
  /** When the event matched: ISO instants, from (inclusive), to (exclusive). */
  readonly from: string | undefined
  readonly to: string | undefined
}

/** Conditions on `one` (notification), `target`, `owned` (subscription) and `event`. */
export function notificationConditions(scope: Scope, filter: NotificationFilter): Sql {
  const { eventUuid, subscriptionUuid, targetId, series, state, reason, from, to } = filter
  return join(
    [
      sql`owned.tenant = ${scope.tenant}`,
      ...(scope.owner === undefined ? [] : [sql`owned.owner = ${scope.owner}`]),
      ...(eventUuid === undefined
        ? []
        : [
            sql`exists (
              select from event
              where event.uuid = ${eventUuid} and event.partition = one.partition and event.position = one.position)`,
          ]),
      ...(subscriptionUuid === undefined ? [] : [sql`owned.uuid = ${subscriptionUuid}`]),
      ...(targetId === undefined ? [] : [sql`target.address_key = ${targetId}`]),
      ...(series === undefined
        ? []
        : [sql`one.lane_series = ${hashKey(scope.tenant, series.source, series.subject, series.seriesId)}`]),
      ...(state === undefined ? [] : [sql`one.state = ${state}`]),
      ...(from === undefined ? [] : [sql`one.created >= ${from}::timestamptz`]),
      ...(to === undefined ? [] : [sql`one.created < ${to}::timestamptz`]),
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

/**
 * Returns the ids of the targets that a filter names, or that the owner has; undefined: it is about all of a tenant, or
 * there are too many.
 */
export async function findTargets(
  db: Db,
  { tenant, owner }: Scope,
  { subscriptionUuid, targetId }: NotificationFilter,
): Promise<readonly number[] | undefined> {
  if (subscriptionUuid === undefined && targetId === undefined && owner === undefined) return undefined
  const rows = await db.query<{ id: number }>(
    subscriptionUuid === undefined && targetId !== undefined
      ? sql`
    select target.id
    from delivery_target as target
    cross join lateral (
      select from subscription
      where subscription.id = target.subscription_id and subscription.tenant = ${tenant}
        and ${owner === undefined ? sql`true` : sql`subscription.owner = ${owner}`}
      limit 1) as owned
    where target.address_key = ${targetId}
    limit ${MAX_TARGETS}`
      : sql`
    select target.id
    from (
      select id from subscription
      where ${subscriptionUuid === undefined ? sql`true` : sql`subscription.uuid = ${subscriptionUuid}`}
        and subscription.tenant = ${tenant}
        and ${owner === undefined ? sql`true` : sql`subscription.owner = ${owner}`}
      limit ${MAX_TARGETS}) as owned
    cross join lateral (
      select id from delivery_target
      where delivery_target.subscription_id = owned.id
        and ${targetId === undefined ? sql`true` : sql`address_key = ${targetId}`}
      offset 0) as target
    limit ${MAX_TARGETS}`,
  )
  return rows.length === MAX_TARGETS ? undefined : rows.map(({ id }) => id)
}
