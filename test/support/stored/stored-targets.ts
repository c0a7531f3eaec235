import type { Db } from '@tidings/server/db/db.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { isOneOf, type SubscriptionFilter } from './stored-subscriptions.ts'

export interface StoredTarget {
  readonly id: number
  readonly subscriptionId: number
  readonly ordinal: number
  readonly method: string
  readonly address: string
  readonly ended: Date | null
}

/** Delivery targets of subscriptions, also those that a change has ended, the oldest first. */
export const storedTargets = (db: Db, filter: SubscriptionFilter = {}) =>
  db.query<StoredTarget>(sql`
    select delivery_target.id, subscription_id as "subscriptionId", ordinal, method, address,
           address_key as "addressKey", delivery_target.ended
    from delivery_target
    join subscription on subscription.id = subscription_id
    where ${isOneOf(filter)}
    order by delivery_target.id`)

/** How many targets there are, and how many subscriptions have one. */
export async function countTargets(
  db: Db,
  filter: SubscriptionFilter = {},
): Promise<{ targets: number; subscriptions: number } | undefined> {
  const [row] = await db.query<{ targets: number; subscriptions: number }>(sql`
    select count(*)::integer as targets, count(distinct subscription_id)::integer as subscriptions
    from delivery_target
    join subscription on subscription.id = subscription_id
    where ${isOneOf(filter)}`)
  return row
}

/** Gives each subscription so many webhooks more. */
export const addTargets = (db: Db, count: number) =>
  db.query(sql`
    insert into delivery_target (subscription_id, ordinal, method, address, address_key)
    select id, number, 'WEBHOOK', 'https://old.example.org/' || number, gen_random_uuid()
    from subscription, generate_series(1, ${count}::integer) as number`)

/** Replaces an address by one that no creation would take. */
export const changeTargetAddress = (db: Db, from: string, to: string) =>
  db.query(sql`update delivery_target set address = ${to} where address = ${from}`)

/** Has all targets have ended by a change, so many hours ago. */
export const endTargets = (db: Db, hours: number) =>
  db.query(sql`update delivery_target set ended = now() - ${hours} * interval '1 hour'`)

/** Undoes it, as a change does that brings the address back. */
export const reviveTargets = (db: Db) => db.query(sql`update delivery_target set ended = null`)

/** Until the transaction ends nobody reads targets. */
export const lockTargets = (tx: Db) => tx.query(sql`lock table delivery_target`)
