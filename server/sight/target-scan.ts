import { sql, type Sql } from '../db/sql.ts'
import type { Place } from './page.ts'
import type { Scope } from './scope.ts'

/** Which targets of a scope. */
export interface TargetFilter {
  readonly subscriptionUuid: string | undefined
  /** The address key. */
  readonly targetId: string | undefined
  /** Only those in force, of active subscriptions. */
  readonly isActive?: boolean
}

/** A place in the order of targets: by owner, name and age of the subscription, then by age. */
export interface TargetPlace {
  readonly owner: string
  readonly name: string
  readonly subscriptionId: number
  readonly targetId: number
}

export const FIRST_TARGET: TargetPlace = { owner: '', name: '', subscriptionId: 0, targetId: 0 }
export const LAST_ID = Number.MAX_SAFE_INTEGER

/** Reads what `TARGET_PLACE` wrote, from this member of a place on. */
export const targetPlaceAt = (place: Place, index: number): TargetPlace => ({
  owner: String(place[index]),
  name: String(place[index + 1]),
  subscriptionId: Number(place[index + 2]),
  targetId: Number(place[index + 3]),
})

/** The members of a place, of a row that has the columns of `targets`. */
export const TARGET_PLACE = sql`owner, name, subscription_id, target_id`

/**
 * Two parts of a `with`: `subscriptions` (id, owner, name), those of the scope from a place on, and `targets` (owner,
 * name, subscription_id, target_id), in their order; both within the scope by the index that they are read from.
 */
export const targetsOf = (
  { tenant, owner }: Scope,
  { subscriptionUuid, targetId: addressKey, isActive = false }: TargetFilter,
  from: TargetPlace,
  maxSubscriptions: number,
): Sql => sql`
    subscriptions as materialized (
      select id, owner, name from subscription
      where subscription.tenant = ${tenant}
        and ${owner === undefined ? sql`true` : sql`subscription.owner = ${owner}`}
        and ${subscriptionUuid === undefined ? sql`true` : sql`subscription.uuid = ${subscriptionUuid}`}
        and ${isActive ? sql`subscription.ended is null` : sql`true`}
        and (subscription.owner, subscription.name, subscription.id)
            >= (${from.owner}, ${from.name}, ${from.subscriptionId}::bigint)
      order by subscription.owner, subscription.name, subscription.id
      limit ${maxSubscriptions}),
    targets as materialized (
      select subscriptions.owner, subscriptions.name, subscriptions.id as subscription_id, target.id as target_id
      from subscriptions
      cross join lateral (
        select id from delivery_target
        where delivery_target.subscription_id = subscriptions.id
          and (subscriptions.id <> ${from.subscriptionId}::bigint or delivery_target.id >= ${from.targetId}::bigint)
          and ${addressKey === undefined ? sql`true` : sql`address_key = ${addressKey}`}
          and ${isActive ? sql`delivery_target.ended is null` : sql`true`}
        order by delivery_target.id
        offset 0) as target
      order by owner, name, subscription_id, target_id)`

/** As JSON: where the subscriptions were cut off, behind all targets of the last one; null: they were not. */
export const subscriptionsEnd = (maxSubscriptions: number, placeOf: (columns: Sql) => Sql): Sql => sql`
    (select ${placeOf(sql`owner, name, id, ${LAST_ID}::bigint`)} from subscriptions
     where (select count(*) from subscriptions) = ${maxSubscriptions}
     order by owner desc, name desc, id desc
     limit 1)`
