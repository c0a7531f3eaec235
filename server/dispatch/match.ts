import type { Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'

/** An event with its number, ready to be matched. */
export interface NumberedEvent {
  readonly partition: number
  readonly position: number
  readonly number: number
}

/** Where a dispatch has put work: notifications for one address, in lanes of one partition. */
export interface MatchedAddress {
  readonly partition: number
  readonly method: string
  readonly addressKey: string
  readonly notifications: number
}

/**
 * One notification for each event, each matching subscription and each of its targets, and the lanes that they wait in.
 * Matching (Tapis Notifications 1.6.2): tenant, every type section equal or `*`, subject equal or `*`, enabled; expiry is
 * judged against the event's `received`, so an expired subscription still gets what was received before; a `received` that
 * is yet to come (of a release whose apis had a clock of their own, or before the database's clock was set back) is now. The two
 * branches, exact subjects and `*`, follow the two partial indexes.
 * deleteSubscriptionsMatchingSubject: the same snapshot fixes which subscriptions go, all of the tenant whose subject
 * filter equals the subject, and how many notifications must be settled before (recovery/subject-removal.ts ends them).
 * Locks the lanes' rows, in key order, until the commit.
 */
export const insertMatches = (tx: Db, events: readonly NumberedEvent[]) => tx.query<MatchedAddress>(sql`
  with numbered as (
    select event.partition, event.position, event.uuid, event.series_key, event.tenant, event.subject, event.type1, event.type2, event.type3,
           least(event.received, now()) as received, event.deletes_subscriptions, n.number
    from unnest(${events.map((event) => event.partition)}::smallint[], ${events.map((event) => event.position)}::bigint[],
                ${events.map((event) => event.number)}::bigint[]) as n (partition, position, number)
    join event on event.partition = n.partition and event.position = n.position
  ), matched as (
    select numbered.partition, numbered.position, numbered.number, coalesce(numbered.series_key, numbered.uuid) as lane_series,
           delivery_target.id as target_id, delivery_target.method, delivery_target.address_key
    from numbered
    cross join lateral (
      select id, expiry from subscription
      where tenant = numbered.tenant and subject_filter = numbered.subject and subject_filter <> '*'
        and enabled and (ended is null or end_reason = 'expired')
        and type1 in (numbered.type1, '*') and type2 in (numbered.type2, '*') and type3 in (numbered.type3, '*')
      union all
      select id, expiry from subscription
      where tenant = numbered.tenant and subject_filter = '*'
        and enabled and (ended is null or end_reason = 'expired')
        and type1 in (numbered.type1, '*') and type2 in (numbered.type2, '*') and type3 in (numbered.type3, '*')
    ) as matching
    join delivery_target on delivery_target.subscription_id = matching.id and delivery_target.ended is null
    where matching.expiry is null or matching.expiry > numbered.received
  ), inserted as (
    insert into notification (target_id, lane_series, position, partition, number)
    select target_id, lane_series, position, partition, number from matched
  ), queued as (
    insert into lane (target_id, lane_series, partition, method, address_key, head_position, waiting)
    select target_id, lane_series, partition, method, address_key, min(position), count(*)
    from matched
    group by target_id, lane_series, partition, method, address_key
    order by target_id, lane_series
    on conflict (target_id, lane_series) do update set waiting = lane.waiting + excluded.waiting
  ), removal as (
    insert into subject_removal (position, partition, unsettled)
    select position, partition, (select count(*) from matched where matched.position = numbered.position)
    from numbered
    where deletes_subscriptions and subject is not null
  ), removal_member as (
    insert into subject_removal_member (position, subscription_id)
    select numbered.position, subscription.id
    from numbered
    join subscription on subscription.tenant = numbered.tenant and subscription.subject_filter = numbered.subject
      and subscription.subject_filter <> '*' and subscription.ended is null
    where numbered.deletes_subscriptions
  )
  select partition, method, address_key as "addressKey", count(*)::integer as notifications
  from matched
  group by partition, method, address_key`)
