import type { Db } from '../db/db.ts'
import { sql, type Sql } from '../db/sql.ts'
import { ACTIVE } from './active-condition.ts'
import type { NameKey } from './subscription-store.ts'

/**
 * Returns the expiry of a subscription that gets this time to live now, as SQL: counted from the whole second; null, so
 * never, for 0 or less (protocol 3.2).
 */
export const expiryAfter = (ttlMinutes: number): Sql =>
  ttlMinutes > 0 ? sql`date_trunc('second', now()) + ${ttlMinutes} * interval '1 minute'` : sql`null`

/**
 * Sets the time to live, counted from now, whatever was left. Locks the row. Returns whether there is such a
 * subscription.
 */
export const setTtl = async (db: Db, { tenant, owner, name }: NameKey, ttlMinutes: number): Promise<boolean> => {
  const rows = await db.query(sql`
    update subscription
    set ttl_minutes = ${ttlMinutes}, expiry = ${expiryAfter(ttlMinutes)}, updated = now()
    where ${ACTIVE} and tenant = ${tenant} and owner = ${owner} and name = ${name}
    returning id`)
  return rows.length > 0
}
