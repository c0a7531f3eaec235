import type { Db } from '@tidings/server/db/db.ts'
import { sql } from '@tidings/server/db/sql.ts'

/** Of `subscription`, with its targets. `type_filter` is `*.*.*`. */
export interface SightSubscription {
  readonly id: number
  readonly uuid: string
  readonly tenant: string
  readonly owner: string
  readonly name: string
  readonly isEnded: boolean
}

export interface SightTarget {
  readonly id: number
  readonly subscriptionId: number
  readonly addressKey: string
}

/** Of `event`; `received` in seconds before now. */
export interface SightEvent {
  readonly partition: number
  readonly position: number
  readonly uuid: string
  readonly kind: string
  readonly tenant: string
  readonly seriesKey: string | null
  readonly subject: string | null
  readonly type3: string
  readonly secondsAgo: number
  readonly body: string
}

/** Of `notification`; `reason`: of a failed attempt, null: there was none. */
export interface SightNotification {
  readonly targetId: number
  readonly laneSeries: string
  readonly position: number
  readonly partition: number
  readonly state: string
  readonly reason: string | null
}

export interface SightRows {
  readonly subscriptions: readonly SightSubscription[]
  readonly targets: readonly SightTarget[]
  readonly events: readonly SightEvent[]
  readonly notifications: readonly SightNotification[]
  readonly coldLanes: readonly { readonly targetId: number; readonly laneSeries: string; readonly head: number }[]
  /** By partition. */
  readonly watermarks: readonly number[]
}

/** Stores rows as they are. All events count as dispatched. */
export async function storeSightRows(db: Db, rows: SightRows): Promise<void> {
  await storeSubscriptions(db, rows)
  await db.query(sql`
    insert into event (partition, position, uuid, kind, format, tenant, series_key, type1, type2, type3, subject,
                       received, body, body_bytes, seq_offset)
    select partition, position, uuid, kind, 1, tenant, "seriesKey", 'jobs', 'A', type3, subject,
           date_trunc('second', now()) - "secondsAgo" * interval '1 second', body, length(body), 5
    from json_to_recordset(${JSON.stringify(rows.events)}::json)
      as given (partition smallint, position bigint, uuid uuid, kind text, tenant text, "seriesKey" uuid, subject text,
                type3 text, "secondsAgo" integer, body text)`)
  await db.query(sql`
    with given as (
      select * from json_to_recordset(${JSON.stringify(rows.notifications)}::json)
        as given ("targetId" bigint, "laneSeries" uuid, position bigint, partition smallint, state text, reason text)
    ), failed as (
      insert into attempt (target_id, lane_series, position, partition, number, started, duration_ms, reason)
      select "targetId", "laneSeries", position, partition, 1, now(), 1, reason from given where reason is not null)
    insert into notification (target_id, lane_series, position, partition, number, state, settled)
    select "targetId", "laneSeries", position, partition, 1, state, case when state <> 'waiting' then now() end
    from given`)
  await db.query(sql`
    insert into lane (target_id, lane_series, partition, method, address_key, head_position, waiting)
    select "targetId", "laneSeries", 0, 'WEBHOOK', gen_random_uuid(), head, 1
    from json_to_recordset(${JSON.stringify(rows.coldLanes)}::json)
      as given ("targetId" bigint, "laneSeries" uuid, head bigint)`)
  await db.query(sql`
    update partition_cursor set position = greatest(position, 1000000), settled_below = given.watermark
    from unnest(${rows.watermarks}::bigint[]) with ordinality as given (watermark, place)
    where partition_cursor.partition = given.place - 1`)
}

async function storeSubscriptions(db: Db, { subscriptions, targets }: SightRows): Promise<void> {
  await db.query(sql`
    insert into subscription (id, uuid, tenant, owner, name, enabled, type_filter, type1, type2, type3, subject_filter,
                              ttl_minutes, ended, end_reason)
    overriding system value
    select id, uuid, tenant, owner, name, true, '*.*.*', '*', '*', '*', '*', 0,
           case when "isEnded" then now() end, case when "isEnded" then 'subject' end
    from json_to_recordset(${JSON.stringify(subscriptions)}::json)
      as given (id bigint, uuid uuid, tenant text, owner text, name text, "isEnded" boolean)`)
  await db.query(sql`
    insert into delivery_target (id, subscription_id, ordinal, method, address, address_key)
    overriding system value
    select id, "subscriptionId", id % 100, 'WEBHOOK', 'http://127.0.0.1:9/' || id, "addressKey"
    from json_to_recordset(${JSON.stringify(targets)}::json)
      as given (id bigint, "subscriptionId" bigint, "addressKey" uuid)`)
}
