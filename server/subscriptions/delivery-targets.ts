import type { DeliveryTarget } from '@tidings/contract/subscription.ts'
import type { Db } from '../db/db.ts'
import { hashKey } from '../db/hash-key.ts'
import { sql } from '../db/sql.ts'

/**
 * Gives a subscription these targets, in this order; no two may be alike. An address that the subscription has, or once
 * had, keeps its row and with it its lanes, so new notifications line up behind waiting ones. The caller has locked the
 * subscription, or has just inserted it.
 */
export const putTargets = (tx: Db, subscriptionId: number, targets: readonly DeliveryTarget[]) =>
  tx.query(sql`
  insert into delivery_target (subscription_id, ordinal, method, address, address_key)
  select ${subscriptionId}, ordinal - 1, method, address, address_key
  from unnest(
    ${targets.map((target) => target.deliveryMethod)}::text[],
    ${targets.map((target) => target.deliveryAddress)}::text[],
    ${keysOf(targets)}::uuid[]
  ) with ordinality as given (method, address, address_key, ordinal)
  on conflict (subscription_id, method, address_key) do update set ended = null, ordinal = excluded.ordinal`)

/**
 * Ends the targets that are not among these. From the commit on nothing is matched for them; what waits for them is
 * still delivered. The caller has locked the subscription.
 */
export const endOtherTargets = (tx: Db, subscriptionId: number, remaining: readonly DeliveryTarget[]) =>
  tx.query(sql`
  update delivery_target
  set ended = now()
  where subscription_id = ${subscriptionId} and ended is null and address_key <> all (${keysOf(remaining)}::uuid[])`)

/** The method is part of the key: the same text may be an address of two methods. */
const keysOf = (targets: readonly DeliveryTarget[]) =>
  targets.map(({ deliveryMethod, deliveryAddress }) => hashKey(deliveryMethod, deliveryAddress))
