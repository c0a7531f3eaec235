import { randomUUID } from 'node:crypto'
import type { Db } from '@tidings/server/db/db.ts'
import { sql } from '@tidings/server/db/sql.ts'

export interface StoredCanary {
  readonly eventUuid: string
  /** Since it was published. */
  readonly ageS: number
  readonly hasArrived: boolean
  /** That it is overdue. */
  readonly isReported: boolean
}

export const storedCanaries = (db: Db) =>
  db.query<StoredCanary>(sql`
    select event_uuid as "eventUuid", extract(epoch from now() - published)::float8 as "ageS",
           arrived is not null as "hasArrived", reported as "isReported"
    from canary_beat
    order by published`)

export const countArrivedCanaries = async (db: Db) =>
  (await storedCanaries(db)).filter(({ hasArrived }) => hasArrived).length

/** Stores one that was published, and perhaps arrived, so many seconds ago. */
export async function storeCanary(
  db: Db,
  { publishedAgoS = 0, arrivedAgoS }: { publishedAgoS?: number; arrivedAgoS?: number },
): Promise<void> {
  await db.query(sql`
    insert into canary_beat (event_uuid, published, arrived)
    values (${randomUUID()}, now() - ${publishedAgoS} * interval '1 second',
            now() - ${arrivedAgoS ?? null} * interval '1 second')`)
}

/** What is stored about the canary as such, not about those that were sent: one row, or none where it is off. */
export const storedCanarySettings = (db: Db) => db.query<{ address: string }>(sql`select address from canary`)

/** Has all processes believe that one was published an hour from now, so that they publish none till then. */
export const withholdCanaries = (db: Db) => db.query(sql`update canary set published = now() + interval '1 hour'`)

/** Each different way in which canaries that arrived, and their notifications, are stored. */
export const storedCanaryNotifications = (db: Db) =>
  db.query<{
    state: string
    httpStatus: number | null
    tenant: string
    seriesKey: string | null
    subscriptionTenant: string
  }>(sql`
    select distinct notification.state, notification.http_status as "httpStatus", event.tenant,
           event.series_key as "seriesKey", subscription.tenant as "subscriptionTenant"
    from canary_beat
    join event on event.uuid = canary_beat.event_uuid
    join notification using (partition, position)
    join delivery_target on delivery_target.id = target_id
    join subscription on subscription.id = subscription_id
    where canary_beat.arrived is not null and notification.state <> 'waiting'`)
