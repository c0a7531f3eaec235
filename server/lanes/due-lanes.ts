import type { Db } from '../db/db.ts'
import type { OwnedPartitions } from '../db/fence.ts'
import { INSTANT_FORMAT } from '../db/instant-format.ts'
import { sql } from '../db/sql.ts'
import type { DeliveryMethod, LaneKey, Pair } from './lane.ts'
import type { PlacedLane } from './placed-lane.ts'

/** A pair whose lanes are looked for. */
export interface AskedPair {
  readonly pair: Pair
  /** How many lanes to return. */
  readonly limit: number
  /** When its lanes were woken, by the clock of the database; null or unset: they were not. */
  readonly wokenAt?: Date | null
}

/** A cold lane that is due, or woken. */
export interface DueLane extends LaneKey, Pair {
  /** A lower bound: nothing before it waits. */
  readonly position: number
}

/**
 * Returns lanes of each pair that are due, earliest first, at most its limit, and as many that are woken: that may be
 * sent before they are due, because their address works again. Some may be both. The pairs in the order given. Takes no
 * locks. Queries pair by pair, never over all lanes, so that a pair with many lanes does not hide the others. Includes
 * lanes that this process works on: only its memory knows those.
 */
export const findDueLanes = (db: Db, method: DeliveryMethod, perPair: readonly AskedPair[]) =>
  db.query<DueLane>(sql`
  select cold.target_id as "targetId", cold.lane_series as "laneSeries", asked.partition,
         asked.address_key as "addressKey", cold.head_position as position
  from unnest(${perPair.map(({ pair }) => pair.partition)}::smallint[],
              ${perPair.map(({ pair }) => pair.addressKey)}::uuid[],
              ${perPair.map(({ limit }) => limit)}::integer[],
              ${perPair.map(({ wokenAt }) => wokenAt?.toISOString() ?? null)}::timestamptz[])
    with ordinality as asked (partition, address_key, max_lanes, woken_at, turn)
  cross join lateral (
    (select lane.target_id, lane.lane_series, lane.head_position, lane.due from lane
     where lane.method = ${method} and lane.partition = asked.partition and lane.address_key = asked.address_key
       and lane.due <= now()
     order by lane.due
     limit asked.max_lanes)
    union all
    (select lane.target_id, lane.lane_series, lane.head_position, lane.due from lane
     where lane.method = ${method} and lane.partition = asked.partition and lane.address_key = asked.address_key
       and lane.wakes_after <= asked.woken_at
     order by lane.wakes_after
     limit asked.max_lanes)) as cold
  order by asked.turn, cold.due`)

/** What waits in a cold lane; `position` null, and what follows from it: nothing does. */
export type WaitingRow = LaneKey & {
  readonly partition: number
  /** Failed attempts at this one so far: the lane counts those at the one that it was frozen for. */
  readonly attempts: number
} & (
    | {
        readonly position: number
        readonly uuid: string
        readonly number: number
        /** ISO instant with microseconds. */
        readonly created: string
        /** Since `created`, by the database's clock. */
        readonly ageMs: number
      }
    | {
        readonly position: null
        readonly uuid: null
        readonly number: null
        readonly created: null
        readonly ageMs: null
      }
  )

/**
 * Returns the first `perLane` notifications that are not settled of each of these lanes, in their order, or one row
 * without a position where everything is settled. Leaves out lanes that have no row, that are neither due nor woken
 * (`AskedPair`), and whose partition is not ours at our epoch in the same snapshot. Takes no locks.
 */
export const readWaiting = (
  db: Db,
  owned: OwnedPartitions,
  lanes: readonly (PlacedLane & Pick<AskedPair, 'wokenAt'>)[],
  perLane: number,
) =>
  db.query<WaitingRow>(sql`
  select asked.target_id as "targetId", asked.lane_series as "laneSeries", asked.partition,
         case when waiting.position = cold.head_position then cold.attempts else 0 end as attempts, waiting.position,
         waiting.uuid, waiting.number,
         to_char(waiting.created at time zone 'UTC', ${INSTANT_FORMAT}) as created,
         (extract(epoch from now() - waiting.created) * 1000)::float8 as "ageMs"
  from unnest(${lanes.map((lane) => lane.targetId)}::bigint[], ${lanes.map((lane) => lane.laneSeries)}::uuid[],
              ${lanes.map((lane) => lane.partition)}::smallint[],
              ${lanes.map((lane) => owned.epochs.get(lane.partition) ?? -1)}::bigint[],
              ${lanes.map((lane) => lane.wokenAt?.toISOString() ?? null)}::timestamptz[])
    with ordinality as asked (target_id, lane_series, partition, epoch, woken_at, turn)
  cross join lateral (
    select from partition
    where id = asked.partition and owner = ${owned.ownerId} and epoch = asked.epoch
    limit 1) as held
  cross join lateral (
    select head_position, attempts from lane
    where lane.target_id = asked.target_id and lane.lane_series = asked.lane_series
      and (lane.due <= now() or lane.wakes_after <= asked.woken_at)
    limit 1) as cold
  left join lateral (
    select position, uuid, number, created from notification
    where notification.target_id = asked.target_id and notification.lane_series = asked.lane_series
      and notification.position >= cold.head_position and notification.settled is null
    order by notification.position
    limit ${perLane}) as waiting on true
  order by asked.turn, waiting.position`)

/**
 * Returns for each pair the first `limit` of its lanes in the order in which they are due, with the ms until then: 0 or
 * less if it is due now; and as many of those that are woken, with 0.
 */
export const readNextDue = (db: Db, method: DeliveryMethod, perPair: readonly AskedPair[]) =>
  db.query<LaneKey & Pair & { inMs: number }>(sql`
  select next.target_id as "targetId", next.lane_series as "laneSeries", asked.partition,
         asked.address_key as "addressKey", (extract(epoch from next.due - now()) * 1000)::float8 as "inMs"
  from unnest(${perPair.map(({ pair }) => pair.partition)}::smallint[],
              ${perPair.map(({ pair }) => pair.addressKey)}::uuid[],
              ${perPair.map(({ limit }) => limit)}::integer[],
              ${perPair.map(({ wokenAt }) => wokenAt?.toISOString() ?? null)}::timestamptz[])
    with ordinality as asked (partition, address_key, max_lanes, woken_at, turn)
  cross join lateral (
    (select lane.target_id, lane.lane_series, lane.due from lane
     where lane.method = ${method} and lane.partition = asked.partition and lane.address_key = asked.address_key
     order by lane.due
     limit asked.max_lanes)
    union all
    (select lane.target_id, lane.lane_series, least(lane.due, now()) from lane
     where lane.method = ${method} and lane.partition = asked.partition and lane.address_key = asked.address_key
       and lane.wakes_after <= asked.woken_at
     order by lane.wakes_after
     limit asked.max_lanes)) as next
  order by asked.turn, next.due`)

/**
 * Returns every pair that has lanes of this method, with the ms until its earliest lane is due. Skips through the index
 * (a loose index scan) instead of reading all lanes.
 */
export const scanPairs = (db: Db, method: DeliveryMethod, partitions: readonly number[]) =>
  db.query<Pair & { inMs: number }>(sql`
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

/** A lane that has a row. */
export type ColdLane = LaneKey & Pair & { readonly method: DeliveryMethod }

/** Returns the first `limit` cold lanes behind this one, of all methods and partitions, by key. */
export const readColdLanes = (db: Db, { targetId, laneSeries }: LaneKey, limit: number) =>
  db.query<ColdLane>(sql`
  select target_id as "targetId", lane_series as "laneSeries", partition, address_key as "addressKey", method
  from lane
  where (lane.target_id, lane.lane_series) > (${targetId}::bigint, ${laneSeries}::uuid)
  order by target_id, lane_series
  limit ${limit}`)

/**
 * Returns at most `limit` cold lanes of these partitions, of any method, whose subscription was deleted: within the
 * last `withinMs`, or ever if that is null. Takes no locks.
 */
export const findCancelledLanes = (db: Db, partitions: readonly number[], withinMs: number | null, limit: number) =>
  db.query<PlacedLane>(sql`
  select cold.target_id as "targetId", cold.lane_series as "laneSeries", cold.partition
  from (
    select id from subscription
    where ended >= coalesce(now() - ${withinMs}::float8 * interval '1 ms', '-infinity') and end_reason = 'deleted'
    order by ended -- as the index on it: another one may look as cheap, and reads all subscriptions
    offset 0) as gone
  cross join lateral (
    select id from delivery_target
    where delivery_target.subscription_id = gone.id
    offset 0) as target
  cross join lateral (
    select target_id, lane_series, partition from lane
    where lane.target_id = target.id and lane.partition = any (${partitions}::smallint[])
    offset 0) as cold
  limit ${limit}`)
