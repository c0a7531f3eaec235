import type { Db } from '../../db/database.ts'
import { sql, type Sql } from '../../db/sql.ts'
import { LIVING } from './living.ts'
import type { NameKey } from './store.ts'

/** When a subscription expires that is given so long now: counted from the whole second; never for 0 or less (contract 3.2). */
export const expiryAfter = (ttlMinutes: number): Sql =>
  ttlMinutes > 0 ? sql`date_trunc('second', now()) + ${ttlMinutes} * interval '1 minute'` : sql`null`

/** Counts from now, whatever was left. Locks the row. Answers whether there is such a subscription. */
export const setTtl = async (db: Db, { tenant, owner, name }: NameKey, ttlMinutes: number): Promise<boolean> => {
  const rows = await db.query(sql`
    update subscription
    set ttl_minutes = ${ttlMinutes}, expiry = ${expiryAfter(ttlMinutes)}, updated = now()
    where ${LIVING} and tenant = ${tenant} and owner = ${owner} and name = ${name}
    returning id`)
  return rows.length > 0
}
