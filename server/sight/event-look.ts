import type { Db } from '../db/db.ts'
import { INSTANT_FORMAT } from '../db/instant-format.ts'
import { sql, type Sql } from '../db/sql.ts'
import type { Scope } from './scope.ts'

/** How many records before an event are counted. */
export const MAX_COUNTED = 1000
/** Of an event, in a look for those of one owner. */
const MAX_NOTIFICATIONS_SEARCHED = 1000
/** Of an owner, in a look for notifications of one event. */
const MAX_SUBSCRIPTIONS_SEARCHED = 2000

/** Instants are ISO texts in UTC with six digits. */
export interface EventRow {
  readonly partition: number
  readonly position: number
  readonly uuid: string
  readonly laneSeries: string
  readonly tenant: string
  readonly type1: string | null
  readonly type2: string | null
  readonly type3: string | null
  /** As it is matched. */
  readonly subject: string | null
  readonly received: string
  readonly body: string
  readonly seqOffset: number
  /** Null: not dispatched, or by a release that did not write it. */
  readonly number: number | null
  readonly dispatched: string | null
  /** It is not behind the cursor of its partition. */
  readonly isPassed: boolean
  /** Some of its notifications are not inserted yet (table `fan_out`). */
  readonly isSpreading: boolean
  /** Why it is parked. */
  readonly parkedFor: string | null
  /** Its partition has a live dispatcher. */
  readonly isOwned: boolean
  /** Records of its partition that are dispatched before it; at most `MAX_COUNTED`. 0 for one that is dispatched. */
  readonly before: number
  readonly now: string
}

export const instant = (column: Sql) => sql`to_char(${column} at time zone 'UTC', ${INSTANT_FORMAT})`

/** Whether a partition has a dispatcher whose lease has not ended. */
export const isOwned = (partition: Sql) => sql`coalesce((
  select dispatcher.lease_until > now()
  from partition join dispatcher on dispatcher.id = partition.owner
  where partition.id = ${partition}), false)`

/** Columns of an `EventRow`, of a row of `event`. */
export const EVENT_COLUMNS = sql`
  event.partition, event.position, event.uuid, coalesce(event.series_key, event.uuid) as "laneSeries", event.tenant,
  event.type1, event.type2, event.type3, event.subject, ${instant(sql`event.received`)} as received,
  event.body, event.seq_offset as "seqOffset", done.number, ${instant(sql`done.dispatched`)} as dispatched,
  coalesce(cursor.position >= event.position, false) as "isPassed",
  coalesce(spreading.has_row, false) as "isSpreading", letter.reason as "parkedFor",
  ${isOwned(sql`event.partition`)} as "isOwned", ${instant(sql`now()`)} as now`

/** What `EVENT_COLUMNS` needs beside `event`. */
export const EVENT_JOINS = sql`
  left join lateral (
    select number, dispatched from dispatched
    where dispatched.partition = event.partition and dispatched.position = event.position
    limit 1) as done on true
  left join lateral (
    select position from partition_cursor
    where partition_cursor.partition = event.partition
    limit 1) as cursor on true
  left join lateral (
    select true as has_row from fan_out
    where fan_out.partition = event.partition and fan_out.position = event.position
    limit 1) as spreading on true
  left join lateral (
    select reason from dead_letter
    where dead_letter.partition = event.partition and dead_letter.position = event.position
    limit 1) as letter on true`

/**
 * Keys of notifications of `event` within the scope, as (target_id, lane_series, position). Those of one owner are
 * looked for from both sides, each with a bound: among the notifications of the event, and among the targets of the
 * owner.
 */
export const notificationKeys = ({ tenant, owner }: Scope): Sql =>
  owner === undefined
    ? sql`
    select target_id, lane_series, position from notification
    where notification.partition = event.partition and notification.position = event.position`
    : sql`
    select hit.target_id, hit.lane_series, hit.position
    from (
      select target_id, lane_series, position from notification
      where notification.partition = event.partition and notification.position = event.position
      limit ${MAX_NOTIFICATIONS_SEARCHED}) as hit
    cross join lateral (
      select subscription_id from delivery_target where delivery_target.id = hit.target_id limit 1) as target
    cross join lateral (
      select from subscription
      where subscription.id = target.subscription_id and subscription.tenant = ${tenant}
        and subscription.owner = ${owner}
      limit 1) as mine
    union
    select target.id, coalesce(event.series_key, event.uuid), event.position
    from (
      select id from subscription
      where subscription.tenant = ${tenant} and subscription.owner = ${owner}
      order by name desc, id desc
      limit ${MAX_SUBSCRIPTIONS_SEARCHED}) as mine
    cross join lateral (
      select id from delivery_target where delivery_target.subscription_id = mine.id offset 0) as target
    cross join lateral (
      select from notification
      where notification.target_id = target.id
        and notification.lane_series = coalesce(event.series_key, event.uuid)
        and notification.position = event.position
      limit 1) as has`

/**
 * Returns the event of this uuid, if there is one for this scope: of its tenant, and for an owner one that hit a
 * subscription of the owner. One statement, whichever it is.
 */
export async function findEvent(db: Db, scope: Scope, uuid: string): Promise<EventRow | undefined> {
  const rows = await db.query<EventRow>(sql`
    select ${EVENT_COLUMNS},
           (select count(*)::integer from (
              select from event as earlier
              where earlier.partition = event.partition and earlier.position > cursor.position
                and earlier.position < event.position
              limit ${MAX_COUNTED}) as waiting) as before
    from event
    ${EVENT_JOINS}
    where event.uuid = ${uuid} and event.tenant = ${scope.tenant} and event.kind = 'event'
      and ${scope.owner === undefined ? sql`true` : sql`exists (${notificationKeys(scope)})`}`)
  return rows[0]
}
