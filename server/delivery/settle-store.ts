import type { Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import type { LaneKey } from './lane.ts'

/** What became of the head of a lane. */
export interface Settlement extends LaneKey {
  readonly partition: number
  readonly position: number
  /** Attempts made, this one included. */
  readonly attempts: number
  readonly kind: 'delivered' | 'given_up' | 'retry'
  readonly httpStatus: number | null
  /** Why the attempt failed; null when it did not. */
  readonly reason: string | null
  /** For the log, where `reason` is that time is up: what went wrong at the last attempt. */
  readonly lastFailure?: string
  readonly durationMs: number
  /** Wait before the next attempt. */
  readonly delayMs: number
}

/**
 * Locks these lanes in key order, as dispatch does, until the commit. Must be a statement of its own before the ones
 * below: only a later statement sees what was inserted by whoever held a lock before.
 */
export const lockLanes = (tx: Db, lanes: readonly LaneKey[]) => tx.query(sql`
  select 1
  from lane
  join unnest(${lanes.map((lane) => lane.targetId)}::bigint[], ${lanes.map((lane) => lane.laneSeries)}::uuid[]) as asked (target_id, lane_series)
    on lane.target_id = asked.target_id and lane.lane_series = asked.lane_series
  order by lane.target_id, lane.lane_series
  for update of lane`)

/**
 * Settles heads for good: the lane's next becomes its head, due at once, or the lane goes. Answers the positions that
 * were settled; a settlement of what is no longer a head is left out.
 */
export const settleHeads = (tx: Db, settled: readonly Settlement[]) => tx.query<{ position: number }>(sql`
  with head as (
    select done.*, lane.waiting
    from unnest(${settled.map((one) => one.targetId)}::bigint[], ${settled.map((one) => one.laneSeries)}::uuid[],
                ${settled.map((one) => one.position)}::bigint[], ${settled.map((one) => one.kind)}::text[],
                ${settled.map((one) => one.attempts)}::integer[], ${settled.map((one) => one.httpStatus)}::smallint[])
      as done (target_id, lane_series, position, state, attempts, http_status)
    join lane on lane.target_id = done.target_id and lane.lane_series = done.lane_series and lane.head_position = done.position
  ), updated as (
    update notification
    set state = head.state, attempts = head.attempts, http_status = head.http_status, settled = now()
    from head
    where notification.target_id = head.target_id and notification.lane_series = head.lane_series and notification.position = head.position
  ), emptied as (
    delete from lane
    using head
    where lane.target_id = head.target_id and lane.lane_series = head.lane_series and head.waiting = 1
  ), promoted as (
    update lane
    set head_position = (
          select notification.position from notification
          where notification.target_id = lane.target_id and notification.lane_series = lane.lane_series
            and notification.position > lane.head_position
          order by notification.position limit 1),
        waiting = lane.waiting - 1, attempts = 0, due = now()
    from head
    where lane.target_id = head.target_id and lane.lane_series = head.lane_series and head.waiting > 1
  )
  select position from head`)

/** The head stays and is due again after its delay. */
export const delayHeads = (tx: Db, retried: readonly Settlement[]) => tx.query(sql`
  update lane
  set attempts = again.attempts, due = clock_timestamp() + again.delay_ms * interval '1 ms'
  from unnest(${retried.map((one) => one.targetId)}::bigint[], ${retried.map((one) => one.laneSeries)}::uuid[],
              ${retried.map((one) => one.position)}::bigint[], ${retried.map((one) => one.attempts)}::integer[],
              ${retried.map((one) => one.delayMs)}::float8[]) as again (target_id, lane_series, position, attempts, delay_ms)
  where lane.target_id = again.target_id and lane.lane_series = again.lane_series and lane.head_position = again.position`)

/** Failed attempts, for inspection. */
export const insertAttempts = (tx: Db, failed: readonly Settlement[]) => tx.query(sql`
  insert into attempt (target_id, lane_series, position, partition, number, started, duration_ms, http_status, reason)
  select target_id, lane_series, position, partition, attempts, clock_timestamp() - duration_ms * interval '1 ms', duration_ms, http_status, reason
  from unnest(${failed.map((one) => one.targetId)}::bigint[], ${failed.map((one) => one.laneSeries)}::uuid[],
              ${failed.map((one) => one.position)}::bigint[], ${failed.map((one) => one.partition)}::smallint[], ${failed.map((one) => one.attempts)}::integer[],
              ${failed.map((one) => Math.round(one.durationMs))}::integer[], ${failed.map((one) => one.httpStatus)}::smallint[],
              ${failed.map((one) => one.reason)}::text[])
    as failed (target_id, lane_series, position, partition, attempts, duration_ms, http_status, reason)
  on conflict do nothing`)

/**
 * Settles everything that waits in these lanes as cancelled, because their subscriptions were deleted. The caller has
 * locked the lanes. Answers the positions, one row per notification.
 */
export const cancelLanes = (tx: Db, lanes: readonly LaneKey[]) => tx.query<{ position: number }>(sql`
  with gone as (
    delete from lane
    using unnest(${lanes.map((lane) => lane.targetId)}::bigint[], ${lanes.map((lane) => lane.laneSeries)}::uuid[]) as asked (target_id, lane_series)
    where lane.target_id = asked.target_id and lane.lane_series = asked.lane_series
    returning lane.target_id, lane.lane_series, lane.head_position
  )
  update notification
  set state = 'cancelled', settled = now()
  from gone
  where notification.target_id = gone.target_id and notification.lane_series = gone.lane_series
    and notification.position >= gone.head_position and notification.state = 'waiting'
  returning notification.position`)

/** Lanes of these partitions whose subscription was deleted since, whatever their method. */
export const findCancelledLanes = (db: Db, partitions: readonly number[], withinMs: number | null, limit: number) => db.query<LaneKey & { partition: number }>(sql`
  select lane.target_id as "targetId", lane.lane_series as "laneSeries", lane.partition
  from subscription
  join delivery_target on delivery_target.subscription_id = subscription.id
  join lane on lane.target_id = delivery_target.id
  where subscription.ended >= coalesce(now() - ${withinMs}::float8 * interval '1 ms', '-infinity') and subscription.end_reason = 'deleted' and lane.partition = any (${partitions}::smallint[])
  limit ${limit}`)
