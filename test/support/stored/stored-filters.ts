import type { Db } from '@tidings/server/db/db.ts'
import { sql } from '@tidings/server/db/sql.ts'

/** Ends subscriptions by these names, as a deletion, an expiry or a subject removal does. */
export const endSubscriptionsByName = (db: Db, reason: string, names: readonly string[]) =>
  db.query(sql`update subscription set ended = now(), end_reason = ${reason} where name = any (${names}::text[])`)

/** Gives each subscription a webhook. */
export const addWebhookForEach = (db: Db) =>
  db.query(sql`
    insert into delivery_target (subscription_id, ordinal, method, address, address_key)
    select id, 0, 'WEBHOOK', 'http://127.0.0.1:9/' || id, gen_random_uuid()
    from subscription`)

/** What decides about a match, as the database compares it. Instants with six digits. */
export interface FilterState {
  readonly name: string
  readonly tenant: string
  readonly created: string
  readonly ended: string | null
  readonly endReason: string | null
  readonly type: readonly [string, string, string]
  readonly subjectFilter: string
  readonly isEnabled: boolean
  readonly expiry: string | null
}

const FORMAT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'

/** Of every subscription, in its last version. */
export const filterStates = (db: Db) =>
  db.query<FilterState>(sql`
    select name, tenant, to_char(created at time zone 'UTC', ${FORMAT}) as created,
           to_char(ended at time zone 'UTC', ${FORMAT}) as ended, end_reason as "endReason",
           array[version.type1, version.type2, version.type3] as type, version.subject_filter as "subjectFilter",
           version.enabled as "isEnabled", to_char(version.expiry at time zone 'UTC', ${FORMAT}) as expiry
    from subscription
    cross join lateral (
      select * from subscription_version
      where subscription_id = subscription.id
      order by subscription_version.id desc
      limit 1) as version`)

export interface MatchedEvent {
  readonly uuid: string
  readonly tenant: string
  readonly type: readonly [string, string, string]
  readonly subject: string | null
  readonly received: string
  readonly dispatched: string
  /** Names of the subscriptions that have a notification. */
  readonly matched: readonly string[]
}

/** Every dispatched event, with what it has matched. */
export const matchedEvents = (db: Db) =>
  db.query<MatchedEvent>(sql`
    select event.uuid, event.tenant, array[type1, type2, type3] as type, subject,
           to_char(received at time zone 'UTC', ${FORMAT}) as received,
           to_char(dispatched at time zone 'UTC', ${FORMAT}) as dispatched,
           array(
             select subscription.name from notification
             join delivery_target on delivery_target.id = notification.target_id
             join subscription on subscription.id = delivery_target.subscription_id
             where notification.partition = event.partition and notification.position = event.position
             order by 1)::text[] as matched
    from event
    join dispatched using (partition, position)`)

/** How many versions the subscription of this name has. */
export const countVersions = async (db: Db, name: string) =>
  (
    await db.query(sql`
    select from subscription_version
    join subscription on subscription.id = subscription_id
    where name = ${name}`)
  ).length

/** As if these versions had never been written: what held before the table was there. */
export const forgetVersions = (db: Db, name: string) =>
  db.query(sql`
    delete from subscription_version
    using subscription
    where subscription.id = subscription_id and name = ${name}`)

/** Has every replaced version be so many hours older. */
export const ageVersions = (db: Db, hours: number) =>
  db.query(sql`update subscription_version set replaced = replaced - ${hours} * interval '1 hour'`)

/** Two changes of one subscription, so two versions more. */
export async function disableAndEnable(db: Db, name: string): Promise<void> {
  for (const isEnabled of [false, true])
    await db.query(sql`update subscription set enabled = ${isEnabled} where name = ${name}`)
}
