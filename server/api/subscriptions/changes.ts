import type { Db } from '../../db/database.ts'
import { sql, type Sql } from '../../db/sql.ts'
import { LIVING } from './living.ts'
import { all, ownedIn, type ListFilter, type NameKey, type UuidKey } from './store.ts'

/** Switches matching on or off; what is matched already goes out. Locks the row. Answers whether there is such a subscription. */
export const setEnabled = async (db: Db, { tenant, owner, name }: NameKey, isEnabled: boolean): Promise<boolean> => {
  const rows = await db.query(sql`
    update subscription
    set enabled = ${isEnabled}, updated = now()
    where ${LIVING} and tenant = ${tenant} and owner = ${owner} and name = ${name}
    returning id`)
  return rows.length > 0
}

export const endByName = (db: Db, { tenant, owner, name }: NameKey): Promise<number> => end(db, sql`tenant = ${tenant} and owner = ${owner} and name = ${name}`)

export const endByUuid = (db: Db, { tenant, uuid, owner }: UuidKey): Promise<number> => end(db, all([sql`uuid = ${uuid}`, ...ownedIn({ tenant, owner })]))

/** The filter is compared as a text: `*` means those that match every subject. */
export const endBySubject = (db: Db, filter: ListFilter, subject: string): Promise<number> => end(db, all([sql`subject_filter = ${subject}`, ...ownedIn(filter)]))

/**
 * Ends subscriptions, in one statement: from its commit on they match nothing and what waits for them is cancelled. The
 * rows are locked in the order of their ids, so two of these cannot wait for each other. Answers how many it were.
 */
async function end(db: Db, condition: Sql): Promise<number> {
  const rows = await db.query(sql`
    update subscription
    set ended = now(), end_reason = 'deleted'
    where id in (select id from subscription where ${LIVING} and ${condition} order by id for update)
    returning id`)
  return rows.length
}
