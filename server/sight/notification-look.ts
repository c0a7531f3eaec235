import type { Db } from '../db/db.ts'
import { sql, type Sql } from '../db/sql.ts'
import { MAX_COUNTED } from './event-look.ts'
import { instant, isOwned } from './event-row.ts'

const MAX_ATTEMPTS = 20

/** Instants are ISO texts in UTC with six digits. */
export interface AttemptRow {
  readonly number: number
  readonly started: string
  readonly durationMs: number
  readonly httpStatus: number | null
  readonly reason: string
}

/** The first of a lane that is not settled. */
export interface FirstRow {
  readonly uuid: string
  readonly eventUuid: string
  readonly number: number
  readonly created: string
  readonly lastFailure: string | null
  /** Failed ones; null: none. */
  readonly attempts: number | null
}

export interface NotificationRow {
  readonly targetId: number
  readonly laneSeries: string
  readonly partition: number
  readonly position: number
  readonly uuid: string
  readonly eventUuid: string
  readonly number: number
  readonly state: 'waiting' | 'delivered' | 'given_up' | 'cancelled'
  readonly created: string
  readonly settled: string | null
  readonly attempts: number
  readonly httpStatus: number | null
  readonly method: 'WEBHOOK' | 'EMAIL'
  readonly address: string
  readonly addressKey: string
  readonly subscriptionUuid: string
  readonly owner: string
  readonly name: string
  readonly isDeleted: boolean
  readonly isOwned: boolean
  /** Of the row of its lane; null: there is none, or it is settled. */
  readonly due: string | null
  /** How many of its lane are not settled and go before it; at most `MAX_COUNTED`. */
  readonly before: number
  /** Null: it is the first itself, or it is settled. */
  readonly first: FirstRow | null
  /** Failed ones, the last first. */
  readonly lastAttempts: readonly AttemptRow[] | null
  readonly now: string
}

/** An attempt as JSON. */
const ATTEMPT = sql`json_build_object(
  'number', number, 'started', ${instant(sql`started`)}, 'durationMs', duration_ms, 'httpStatus', http_status,
  'reason', reason)`

/**
 * Returns what became of notifications, given as a statement of their keys (target_id, lane_series, position), in the
 * order of the keys. What is not settled in a lane is behind the bound of its row, or behind the watermark.
 */
export const notificationRows = (keys: Sql): Sql => sql`
  select one.target_id as "targetId", one.lane_series as "laneSeries", one.partition, one.position, one.uuid,
         published.uuid as "eventUuid", one.number, one.state, ${instant(sql`one.created`)} as created,
         ${instant(sql`one.settled`)} as settled, one.attempts, one.http_status as "httpStatus",
         target.method, target.address, target.address_key as "addressKey",
         owned.uuid as "subscriptionUuid", owned.owner, owned.name,
         coalesce(owned.end_reason = 'deleted', false) as "isDeleted",
         ${isOwned(sql`one.partition`)} as "isOwned", ${instant(sql`cold.due`)} as due,
         coalesce(ahead.before, 0) as before, first.row as first, failed.attempts as "lastAttempts",
         ${instant(sql`now()`)} as now
  from (${keys}) as asked
  cross join lateral (
    select * from notification
    where notification.target_id = asked.target_id and notification.lane_series = asked.lane_series
      and notification.position = asked.position
    limit 1) as one
  cross join lateral (
    select uuid from event
    where event.partition = one.partition and event.position = one.position
    limit 1) as published
  cross join lateral (
    select method, address, address_key, subscription_id from delivery_target
    where delivery_target.id = one.target_id
    limit 1) as target
  cross join lateral (
    select uuid, owner, name, end_reason from subscription
    where subscription.id = target.subscription_id
    limit 1) as owned
  left join lateral (
    select due, head_position from lane
    where lane.target_id = one.target_id and lane.lane_series = one.lane_series and one.settled is null
    limit 1) as cold on true
  left join lateral (
    select coalesce(cold.head_position, settled_below + 1) as from_position from partition_cursor
    where partition_cursor.partition = one.partition
    limit 1) as bound on true
  left join lateral (
    select count(*)::integer as before, min(earlier.position) as first_position
    from (
      select position from notification
      where one.settled is null and notification.target_id = one.target_id
        and notification.lane_series = one.lane_series and notification.position >= bound.from_position
        and notification.position < one.position and notification.settled is null
      order by notification.position
      limit ${MAX_COUNTED}) as earlier) as ahead on true
  left join lateral (
    select json_build_object(
      'uuid', earliest.uuid, 'eventUuid', event.uuid, 'number', earliest.number,
      'created', ${instant(sql`earliest.created`)},
      'lastFailure', (
        select reason from attempt
        where attempt.target_id = one.target_id and attempt.lane_series = one.lane_series
          and attempt.position = ahead.first_position
        order by attempt.number desc
        limit 1),
      'attempts', (
        select number from attempt
        where attempt.target_id = one.target_id and attempt.lane_series = one.lane_series
          and attempt.position = ahead.first_position
        order by attempt.number desc
        limit 1)) as row
    from notification as earliest
    join event on event.partition = earliest.partition and event.position = earliest.position
    where earliest.target_id = one.target_id and earliest.lane_series = one.lane_series
      and earliest.position = ahead.first_position
    limit 1) as first on true
  left join lateral (
    select json_agg(${ATTEMPT} order by number desc) as attempts
    from (
      select number, started, duration_ms, http_status, reason from attempt
      where attempt.target_id = one.target_id and attempt.lane_series = one.lane_series
        and attempt.position = one.position
      order by number desc
      limit ${MAX_ATTEMPTS}) as last) as failed on true
  order by asked.target_id, asked.lane_series, asked.position`

/** What a notification is found by. */
export interface NotificationKey {
  readonly targetId: number
  readonly laneSeries: string
  readonly position: number
}

/** Returns what became of these notifications, by target, lane and position. */
export const readNotifications = async (db: Db, keys: readonly NotificationKey[]): Promise<NotificationRow[]> =>
  keys.length === 0
    ? []
    : db.query<NotificationRow>(
        notificationRows(sql`
      select * from unnest(${keys.map((key) => key.targetId)}::bigint[],
                           ${keys.map((key) => key.laneSeries)}::uuid[],
                           ${keys.map((key) => key.position)}::bigint[])
        as key (target_id, lane_series, position)`),
      )
