import type { Db } from '@tidings/server/db/db.ts'
import { sql } from '@tidings/server/db/sql.ts'

/**
 * Adds so many subscriptions, targets, series, and dispatched events with a notification that waits in a lane with a
 * row. The lanes go to twenty addresses.
 */
export async function fillTables(db: Db, rows: number): Promise<void> {
  await db.query(sql`
    with made as (
      insert into subscription (uuid, tenant, owner, name, enabled, type_filter, type1, type2, type3, subject_filter,
                                ttl_minutes)
      select gen_random_uuid(), 'dev', 'jdoe', gen_random_uuid()::text, true, 'files.A.B', 'files', 'A', 'B',
             case n % 2 when 0 then '*' else 'subject ' || n end, 0
      from generate_series(1, ${rows}::integer) as n
      returning id)
    insert into delivery_target (subscription_id, ordinal, method, address, address_key)
    select id, 0, 'WEBHOOK', 'http://127.0.0.1/', gen_random_uuid() from made`)
  await db.query(sql`
    with stored as (
      insert into event (partition, position, uuid, kind, format, tenant, received, body, body_bytes)
      select n % 4, nextval('event_position'), gen_random_uuid(), 'event', 1, 'dev', now(), '{}', 2
      from generate_series(1, ${rows}::integer) as n
      returning partition, position, uuid
    ), counted as (
      insert into series (series_key, partition, last_number) select uuid, partition, 1 from stored
    ), known as (
      insert into dispatched (partition, position, number) select partition, position, 1 from stored
    ), waiting as (
      insert into notification (target_id, lane_series, position, partition, number)
      select 1000000 + position, uuid, position, partition, 1 from stored)
    insert into lane (target_id, lane_series, partition, method, address_key, head_position, waiting)
    select 1000000 + position, uuid, partition, 'WEBHOOK', md5((position % 20)::text)::uuid, position, 1 from stored`)
  await db.query(sql`
    update partition_cursor set position = (select coalesce(max(position), 0) from event)`)
}

/** Adds so many lanes to one webhook, in partition 0, that have failed a moment ago and are due in ten minutes. */
export async function addFailedLanes(db: Db, addressKey: string, rows: number): Promise<void> {
  await db.query(sql`
    insert into lane (target_id, lane_series, partition, method, address_key, head_position, waiting, attempts, due,
                      wakes_after, format)
    select 2000000, gen_random_uuid(), 0, 'WEBHOOK', ${addressKey}, n, 1, 5, now() + interval '10 min', now(), 2
    from generate_series(1, ${rows}::integer) as n`)
}

/** What has been read since the counters were reset, of the tables that grow: whole tables, and rows by an index. */
export const readRowsRead = (db: Db) =>
  db.query<{ table: string; scanned: number; found: number }>(sql`
    select relname as table, seq_tup_read as scanned,
           (select sum(idx_tup_read)::bigint from pg_stat_user_indexes where relid = stats.relid) as found
    from pg_stat_user_tables as stats
    where relname in ('event', 'notification', 'attempt', 'lane', 'series', 'dispatched', 'subscription',
                      'delivery_target', 'fan_out')
    order by relname`)

/** Counts what is read from here on. */
export const resetRowsRead = async (db: Db): Promise<void> => {
  await db.query(sql`select pg_stat_force_next_flush()`)
  await db.query(sql`select pg_stat_reset()`)
}
