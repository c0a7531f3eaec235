import type { Db } from '../db/db.ts'
import { sql, type Sql } from '../db/sql.ts'
import { ACTIVE } from './active-condition.ts'
import { conjunction, ownerConditions, type ListFilter, type NameKey, type UuidKey } from './subscription-store.ts'

/**
 * Switches matching on or off; what is already matched is delivered. Locks the row. Returns whether there is such a
 * subscription.
 */
export const setEnabled = async (db: Db, { tenant, owner, name }: NameKey, isEnabled: boolean): Promise<boolean> => {
  const rows = await db.query(sql`
    update subscription
    set enabled = ${isEnabled}, updated = now()
    where ${ACTIVE} and tenant = ${tenant} and owner = ${owner} and name = ${name}
    returning id`)
  return rows.length > 0
}

export const endByName = (db: Db, { tenant, owner, name }: NameKey): Promise<number> =>
  end(db, sql`tenant = ${tenant} and owner = ${owner} and name = ${name}`)

export const endByUuid = (db: Db, { tenant, uuid, owner }: UuidKey): Promise<number> =>
  end(db, conjunction([sql`uuid = ${uuid}`, ...ownerConditions({ tenant, owner })]))

/** Compares the filter as text: `*` ends those that match every subject. */
export const endBySubject = (db: Db, filter: ListFilter, subject: string): Promise<number> =>
  end(db, conjunction([sql`subject_filter = ${subject}`, ...ownerConditions(filter)]))

/**
 * Ends a subscription whose row the caller has locked. From the commit on it matches nothing, and what waits for it is
 * cancelled.
 */
export const endLocked = (tx: Db, id: number) =>
  tx.query(sql`update subscription set ended = now(), end_reason = 'deleted' where id = ${id}`)

/**
 * Ends subscriptions in one statement and returns how many. From its commit on they match nothing, and what waits for
 * them is cancelled. Locks the rows in the order of their ids, so two such statements cannot deadlock.
 */
async function end(db: Db, condition: Sql): Promise<number> {
  const rows = await db.query(sql`
    update subscription
    set ended = now(), end_reason = 'deleted'
    where id in (select id from subscription where ${ACTIVE} and ${condition} order by id for update)
    returning id`)
  return rows.length
}
