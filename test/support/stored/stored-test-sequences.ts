import type { Db } from '@tidings/server/db/db.ts'
import { sql } from '@tidings/server/db/sql.ts'

export interface StoredTestSequence {
  readonly name: string
  readonly published: number
  /** Whether it waits for its next event. */
  readonly isDue: boolean
}

export const storedTestSequences = (db: Db) =>
  db.query<StoredTestSequence>(sql`
    select name, published, next_due is not null as "isDue"
    from test_sequence
    left join subscription on id = subscription_id
    order by name`)

/** Callbacks of all sequences that were kept. */
export const storedCallbacks = (db: Db) =>
  db.query<{ body: string }>(sql`select body from test_notification order by id`)

/** Stores a sequence for every subscription, with a callback each. */
export async function storeTestSequences(db: Db): Promise<void> {
  await db.query(sql`
    insert into test_sequence (subscription_id, start_count, ends_series)
    select id, 1, true from subscription`)
  await db.query(sql`insert into test_notification (subscription_id, body) select id, '{}' from subscription`)
}

const idOf = (name: string) => sql`(select id from subscription where name = ${name})`

/** As a deletion that has begun. */
export const stopTestSequence = (db: Db, name: string) =>
  db.query(sql`update test_sequence set stopped = true where subscription_id = ${idOf(name)}`)

/** As if so many callbacks had come and were kept. */
export const fillTestSequence = (db: Db, name: string, count: number) =>
  db.query(sql`
    update test_sequence set kept = ${count}, notification_count = ${count} where subscription_id = ${idOf(name)}`)

/** As if so many events had been published, the next one being due now. */
export const advanceTestSequence = (db: Db, name: string, published: number) =>
  db.query(sql`
    update test_sequence set published = ${published}, next_due = now() where subscription_id = ${idOf(name)}`)

/** As if all events had been published. */
export const finishTestSequence = (db: Db, name: string) =>
  db.query(sql`update test_sequence set published = start_count where subscription_id = ${idOf(name)}`)

/** As it is before its first event is stored. */
export const resetTestSequence = (db: Db, name: string) =>
  db.query(sql`update test_sequence set published = 0, next_due = null where subscription_id = ${idOf(name)}`)

export const ageTestSequence = (db: Db, name: string, seconds: number) =>
  db.query(sql`
    update test_sequence set created = now() - ${seconds} * interval '1 second' where subscription_id = ${idOf(name)}`)

/** Holds up all callbacks until the transaction ends. */
export const lockTestSequences = (tx: Db) => tx.query(sql`select from test_sequence for update`)

/** How many rows there are of sequences, and of what their events leave behind. */
export async function leftOfTestSequences(db: Db): Promise<unknown> {
  const [row] = await db.query(sql`
    select (select count(*) from test_sequence) as sequences, (select count(*) from test_notification) as callbacks,
           (select count(*) from series) as series, (select count(*) from lane) as lanes`)
  return row
}
