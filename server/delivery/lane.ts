import type { Db } from '../db/database.ts'
import type { Holding } from '../db/fence.ts'
import { INSTANT_FORMAT } from '../db/instant-format.ts'
import { sql } from '../db/sql.ts'
import type { HintSnapshot, Pair } from './hints.ts'

/** A lane is one delivery target of a subscription and one series (or one event outside a series). */
export interface LaneKey {
  readonly targetId: number
  readonly laneSeries: string
}

/** The head of a lane that was claimed: what has to be known of it until it is settled. */
export interface Head extends LaneKey, Pair {
  readonly position: number
  /** The epoch at which the partition is ours. */
  readonly epoch: number
  /** Failed attempts so far. */
  readonly attempts: number
  readonly uuid: string
  readonly number: number
  /** ISO instant with microseconds. */
  readonly created: string
  /** Since `created`, by the database's clock. */
  readonly ageMs: number
  readonly method: DeliveryMethod
  readonly address: string
  readonly subscriptionName: string
  readonly tenant: string
  /** The subscription was deleted: nothing of it may be sent any more. */
  readonly isCancelled: boolean
  readonly eventUuid: string
  readonly deletesSubscriptions: boolean
}

/** A head with its text, which is kept only until the request is made of it: a lane may wait long for its settlement. */
export interface ClaimedHead extends Head {
  readonly eventText: string
  readonly seqOffset: number
}

/** How notifications go out: each method has its own hints, slots and claims, so that none waits for another. */
export type DeliveryMethod = 'WEBHOOK' | 'EMAIL'

export interface ClaimLimits {
  readonly method: DeliveryMethod
  readonly holding: Holding
  readonly perPair: readonly { readonly pair: Pair; readonly limit: number }[]
  readonly bytes: number
  /** Lanes on the wire, or not settled yet, in this process. */
  readonly busy: readonly LaneKey[]
}

/**
 * Heads of due lanes: of each pair at most its limit, earliest due first, in all not much over `bytes` of event text.
 * Reads only, and only partitions that are ours in the same snapshot; that a lane is on the wire is known to its owner's memory. Asks per pair, never over all lanes, so a pair
 * with many lanes hides no other.
 */
export const claimHeads = (db: Db, { method, holding, perPair, bytes, busy }: ClaimLimits) => db.query<ClaimedHead>(sql`
  with due as (
    select lane.*, asked.ordinality as turn, partition.epoch
    from unnest(${perPair.map(({ pair }) => pair.partition)}::smallint[], ${perPair.map(({ pair }) => pair.addressKey)}::uuid[],
                ${perPair.map(({ limit }) => limit)}::integer[]) with ordinality as asked (partition, address_key, most, ordinality)
    join partition on partition.id = asked.partition and partition.owner = ${holding.ownerId}
    cross join lateral (
      select * from lane
      where lane.method = ${method} and lane.partition = asked.partition and lane.address_key = asked.address_key
        and lane.due <= now()
        and (lane.target_id, lane.lane_series) not in (
          select * from unnest(${busy.map((lane) => lane.targetId)}::bigint[], ${busy.map((lane) => lane.laneSeries)}::uuid[]))
      order by lane.due
      limit asked.most) as lane
  ), sized as (
    select due.*, sum(event.body_bytes) over (order by due.turn, due.due, due.target_id, due.lane_series) - event.body_bytes as bytes_before
    from due
    join event on event.partition = due.partition and event.position = due.head_position
  )
  select sized.target_id as "targetId", sized.lane_series as "laneSeries", sized.partition, sized.address_key as "addressKey",
         sized.head_position as position, sized.epoch, sized.attempts, notification.uuid, notification.number,
         to_char(notification.created at time zone 'UTC', ${INSTANT_FORMAT}) as created,
         (extract(epoch from now() - notification.created) * 1000)::float8 as "ageMs",
         delivery_target.method, delivery_target.address, subscription.name as "subscriptionName", subscription.tenant,
         coalesce(subscription.end_reason = 'deleted', false) as "isCancelled",
         event.uuid as "eventUuid", event.body as "eventText", event.seq_offset as "seqOffset",
         event.deletes_subscriptions as "deletesSubscriptions"
  from sized
  join notification on notification.target_id = sized.target_id and notification.lane_series = sized.lane_series
    and notification.position = sized.head_position
  join delivery_target on delivery_target.id = sized.target_id
  join subscription on subscription.id = delivery_target.subscription_id
  join event on event.partition = sized.partition and event.position = sized.head_position
  where sized.bytes_before < ${bytes}`)

/** Ms until the earliest lane of each pair that is not busy is due (0 or less: it is due); pairs without one are left out. */
export const readNextDue = (db: Db, method: DeliveryMethod, pairs: readonly HintSnapshot[], busy: readonly LaneKey[]) => db.query<Pair & { inMs: number }>(sql`
  select asked.partition, asked.address_key as "addressKey", (extract(epoch from next.due - now()) * 1000)::float8 as "inMs"
  from unnest(${pairs.map((pair) => pair.partition)}::smallint[], ${pairs.map((pair) => pair.addressKey)}::uuid[]) as asked (partition, address_key)
  cross join lateral (
    select lane.due from lane
    where lane.method = ${method} and lane.partition = asked.partition and lane.address_key = asked.address_key
      and (lane.target_id, lane.lane_series) not in (
        select * from unnest(${busy.map((lane) => lane.targetId)}::bigint[], ${busy.map((lane) => lane.laneSeries)}::uuid[]))
    order by lane.due
    limit 1) as next`)

/** Every (partition, address) that has lanes of this method, found by skipping through the index, and when its earliest is due. */
export const scanPairs = (db: Db, method: DeliveryMethod, partitions: readonly number[]) => db.query<Pair & { inMs: number }>(sql`
  with recursive pair as (
    select first.partition, first.address_key, first.due
    from unnest(${partitions}::smallint[]) as mine (partition)
    cross join lateral (
      select partition, address_key, due from lane
      where method = ${method} and lane.partition = mine.partition
      order by address_key, due limit 1) as first
    union all
    select next.partition, next.address_key, next.due
    from pair
    cross join lateral (
      select partition, address_key, due from lane
      where method = ${method} and lane.partition = pair.partition and lane.address_key > pair.address_key
      order by address_key, due limit 1) as next
  )
  select partition, address_key as "addressKey", (extract(epoch from due - now()) * 1000)::float8 as "inMs"
  from pair`)

/**
 * Whether this is still the head of its lane, in a partition of ours at the same epoch, of a subscription that was not
 * deleted: what a claim would find, asked again for one that has grown old.
 */
export async function isStillDue(db: Db, { ownerId }: Holding, { targetId, laneSeries, position, partition, epoch }: Head): Promise<boolean> {
  const found = await db.query(sql`
    select from lane
    join delivery_target on delivery_target.id = lane.target_id
    join subscription on subscription.id = delivery_target.subscription_id
    join partition on partition.id = lane.partition
    where lane.target_id = ${targetId} and lane.lane_series = ${laneSeries} and lane.head_position = ${position}
      and partition.id = ${partition} and partition.owner = ${ownerId} and partition.epoch = ${epoch}
      and subscription.end_reason is distinct from 'deleted'`)
  return found.length > 0
}
