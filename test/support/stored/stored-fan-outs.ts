import type { Db } from '@tidings/server/db/db.ts'
import { sql } from '@tidings/server/db/sql.ts'

export interface StoredFanOut {
  readonly position: number
  readonly number: number
  readonly size: number
  readonly done: number
}

/** Events whose notifications are not all inserted, by position. */
export const storedFanOuts = (db: Db) =>
  db.query<StoredFanOut>(sql`select position, number, size, done from fan_out order by position`)

/** From now on no notification can be created for a target that has this text in its address. */
export async function refuseTargets(db: Db, text: string): Promise<void> {
  await db.query(
    sql([
      `create or replace function refuse() returns trigger language plpgsql as $$
      begin
        if exists (select from delivery_target where id = new.target_id and address like '%${text}%') then
          raise exception 'not now' using errcode = 'P0001';
        end if;
        return new;
      end $$`,
    ]),
  )
  await db.query(sql`create trigger refuse before insert on notification for each row execute function refuse()`)
}

/** Gives one subscription so many webhooks more, numbered from 1 behind this address. */
export const addWebhooks = (db: Db, name: string, address: string, count: number) =>
  db.query(sql`
    insert into delivery_target (subscription_id, ordinal, method, address, address_key)
    select id, number, 'WEBHOOK', ${address} || '/' || number, gen_random_uuid()
    from subscription, generate_series(1, ${count}::integer) as number
    where name = ${name}`)

/** Has the events of all fan-outs have been received so many hours ago. */
export const ageFanOuts = (db: Db, hours: number) =>
  db.query(sql`update fan_out set received = now() - ${hours} * interval '1 hour'`)
