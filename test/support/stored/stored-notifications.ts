import type { Db } from '@tidings/server/db/db.ts'
import { sql } from '@tidings/server/db/sql.ts'

export interface StoredNotification {
  readonly state: string
  readonly attempts: number
  readonly httpStatus: number | null
}

/** In the order of positions and targets: all, or those of this event (its uuid) and address. */
export const storedNotifications = (
  db: Db,
  { event = null, address = null }: { event?: string | null; address?: string | null } = {},
) =>
  db.query<StoredNotification>(sql`
    select notification.state, notification.attempts, notification.http_status as "httpStatus"
    from notification
    left join event using (partition, position)
    left join delivery_target on delivery_target.id = notification.target_id
    where (${event}::uuid is null or event.uuid = ${event})
      and (${address}::text is null or delivery_target.address = ${address})
    order by position, target_id`)

/** How many notifications are in each state. */
export async function countNotifications(db: Db): Promise<Partial<Record<string, number>>> {
  const rows = await db.query<{ state: string; count: number }>(
    sql`select state, count(*)::integer as count from notification group by state order by state`,
  )
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
}

/** Names of the subscriptions whose notification nobody has tried to deliver. */
export const untriedSubscriptions = async (db: Db) =>
  (
    await db.query<{ name: string }>(sql`
    select subscription.name
    from notification
    join delivery_target on delivery_target.id = notification.target_id
    join subscription on subscription.id = delivery_target.subscription_id
    where notification.state = 'waiting' and not exists (
      select from attempt
      where attempt.target_id = notification.target_id and attempt.position = notification.position)`)
  ).map(({ name }) => name)

export interface StoredAttempt {
  readonly number: number
  readonly reason: string
}

/** The attempts that failed, for all events or this one (its uuid), in the order of targets and events. */
export const storedAttempts = (db: Db, event: string | null = null) =>
  db.query<StoredAttempt>(sql`
    select attempt.number, attempt.reason
    from attempt
    left join event using (partition, position)
    where ${event}::uuid is null or event.uuid = ${event}
    order by attempt.target_id, attempt.position, attempt.number`)

/** Why the attempts failed, in the same order. */
export const attemptFailures = async (db: Db, event?: string) =>
  (await storedAttempts(db, event)).map(({ reason }) => reason)

export interface StoredLane {
  readonly targetId: number
  readonly laneSeries: string
  readonly partition: number
  readonly method: string
  readonly headPosition: number
  readonly waiting: number
  readonly attempts: number
  readonly due: Date
}

/** Lanes with something waiting: all, or those to this address, or of the subscription of this name. */
export const storedLanes = (
  db: Db,
  { address = null, subscription = null }: { address?: string | null; subscription?: string | null } = {},
) =>
  db.query<StoredLane>(sql`
    select target_id as "targetId", lane_series as "laneSeries", partition, lane.method,
           lane.address_key as "addressKey", head_position as "headPosition", waiting, attempts, due
    from lane
    left join delivery_target on delivery_target.id = lane.target_id
    left join subscription on subscription.id = delivery_target.subscription_id
    where (${address}::text is null or delivery_target.address = ${address})
      and (${subscription}::text is null or subscription.name = ${subscription})
    order by target_id, lane_series`)

/** Seconds until the last of the lanes is due; 0 without any. */
export async function secondsToLastLane(db: Db): Promise<number> {
  const [row] = await db.query<{ seconds: number }>(
    sql`select coalesce(extract(epoch from max(due) - now()), 0)::float8 as seconds from lane`,
  )
  return row?.seconds ?? 0
}

/** Everything that dispatch and delivery write, for a comparison with what it was. */
export const storedProgress = (db: Db) =>
  db.query(sql`
    select (select jsonb_agg(lane order by target_id) from lane) as lanes,
           (select jsonb_agg(notification order by position) from notification) as notifications,
           (select jsonb_agg(partition_cursor order by partition) from partition_cursor) as cursors,
           (select jsonb_agg(series) from series) as series,
           (select count(*) from attempt) as attempts`)

/** Positions of the events that will remove the subscriptions of their subject when they are settled. */
export const pendingRemovals = async (db: Db) =>
  (await db.query<{ position: number }>(sql`select position from subject_removal`)).map(({ position }) => position)

/** How many notifications each of these removals still waits for. */
export const unsettledRemovals = (db: Db) =>
  db.query<{ unsettled: number }>(sql`select unsettled from subject_removal order by position`)
