import type { Db } from '@tidings/server/db/db.ts'
import { sql, type Sql } from '@tidings/server/db/sql.ts'

/** What the database says of a row that it refuses; unless something else is given, as of a text it cannot store. */
export interface Refusal {
  readonly message?: string
  readonly sqlState?: string
}

interface Refused extends Refusal {
  readonly table: 'dispatcher' | 'event' | 'notification' | 'subject_removal'
  /** Of the row `new`; without it every row is refused. */
  readonly when?: string
}

async function refuseInserts(
  db: Db,
  { table, when = 'true', message = 'indigestible', sqlState = '22021' }: Refused,
): Promise<void> {
  await db.query(
    sql([
      `create or replace function refuse() returns trigger language plpgsql as $$
      begin
        if ${when} then
          raise exception '${message}' using errcode = '${sqlState}';
        end if;
        return new;
      end $$`,
    ]),
  )
  await db.query(sql([`create trigger refuse before insert on ${table} for each row execute function refuse()`]))
}

/** From now on the table of events takes no event that has this text in its body. Other kinds of records go in. */
export const refuseEvents = (db: Db, text: string) =>
  refuseInserts(db, { table: 'event', when: `new.kind = 'event' and new.body like '%${text}%'` })

/** From now on no notification can be created for an event that has this text in its body. */
export const refuseNotifications = (db: Db, text: string, refusal?: Refusal) =>
  refuseInserts(db, {
    table: 'notification',
    when: `exists (select from event where partition = new.partition and position = new.position
             and body like '%${text}%')`,
    ...refusal,
  })

/** Ends what `refuseNotifications` began. */
export const acceptNotifications = (db: Db) => db.query(sql`drop trigger refuse on notification`)

/** From now on no event can be dispatched that removes the subscriptions of its subject. */
export const refuseSubjectRemovals = (db: Db) => refuseInserts(db, { table: 'subject_removal' })

/** From now on no process can become a dispatcher. */
export const refuseDispatchers = (db: Db) =>
  refuseInserts(db, { table: 'dispatcher', message: 'not now', sqlState: 'P0001' })

/** From now on statements that delete test sequences fail as on a database that only reads, even if they find none. */
export async function refuseTestSequenceDeletions(db: Db): Promise<void> {
  await db.query(
    sql`create function refuse() returns trigger language plpgsql as $$ begin raise sqlstate '25006'; end $$`,
  )
  await db.query(sql`create trigger refuse before delete on test_sequence for each statement execute function refuse()`)
}

const addCheck = (db: Db, table: Sql, check: Sql) => db.query(sql`alter table ${table} add check (${check})`)

/** As `refuseEvents`, for every kind of record, with the error of a check: 23514. */
export const refuseRecords = (db: Db, text: string) => addCheck(db, sql`event`, sql([`body not like '%${text}%'`]))

/** From now on the table takes no subscription of this name (23514). */
export const refuseSubscriptions = (db: Db, name: string) => addCheck(db, sql`subscription`, sql([`name <> '${name}'`]))
