import type { Db } from '@tidings/server/db/db.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { isOneOf, type SubscriptionFilter, type SubscriptionRow } from './stored-subscriptions.ts'

/** Has the time of subscriptions be over since so long. They do not end by that. */
export const expireSubscriptions = (db: Db, { agoS = 1, ...filter }: SubscriptionFilter & { agoS?: number } = {}) =>
  db.query(sql`
    update subscription set expiry = clock_timestamp() - ${agoS} * interval '1 second' where ${isOneOf(filter)}`)

/** Takes the expiry from all subscriptions. */
export const prolongSubscriptions = (db: Db) => db.query(sql`update subscription set expiry = null`)

/** Has subscriptions have ended so many hours ago. One that ends as expired has its expiry then. */
export const endSubscriptions = (
  db: Db,
  {
    reason,
    agoHours = 0,
    ...filter
  }: SubscriptionFilter & { reason: NonNullable<SubscriptionRow['endReason']>; agoHours?: number },
) =>
  db.query(sql`
    update subscription
    set ended = now() - ${agoHours} * interval '1 hour',
        end_reason = ${reason},
        expiry = case when ${reason} = 'expired' then now() - ${agoHours} * interval '1 hour' else expiry end
    where ${isOneOf(filter)}`)

/** Has the expired ones have ended at their expiry, however late somebody noticed it. Returns how many there are. */
export const endAtExpiry = async (db: Db) =>
  (await db.query(sql`update subscription set ended = expiry where end_reason = 'expired' returning 1`)).length

/** Moves all times of the subscriptions back by so many minutes. */
export const ageSubscriptions = (db: Db, minutes: number) =>
  db.query(sql`
    update subscription
    set created = created - ${minutes} * interval '1 minute', expiry = expiry - ${minutes} * interval '1 minute',
        updated = updated - ${minutes} * interval '1 minute'`)

/** Gives a subscription a name that no creation would take, and a time of creation. */
export const renameSubscription = (db: Db, from: string, { name, created }: { name: string; created: string }) =>
  db.query(sql`update subscription set created = ${created}::timestamptz, name = ${name} where name = ${from}`)

export const describeSubscriptions = (db: Db, description: string, filter: SubscriptionFilter) =>
  db.query(sql`update subscription set description = ${description} where ${isOneOf(filter)}`)

/** Removes the rows of subscriptions and their targets, as retention does. */
export async function removeSubscriptions(db: Db, filter: SubscriptionFilter): Promise<void> {
  await db.query(sql`
    delete from delivery_target where subscription_id in (select id from subscription where ${isOneOf(filter)})`)
  await db.query(sql`delete from subscription where ${isOneOf(filter)}`)
}

/** Empties the table, and all that refer to it. */
export const removeAllSubscriptions = (db: Db) => db.query(sql`truncate subscription cascade`)
