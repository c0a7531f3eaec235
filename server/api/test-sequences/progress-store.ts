import type { Db } from '../../db/database.ts'
import { INSTANT_FORMAT } from '../../db/instant-format.ts'
import { sql } from '../../db/sql.ts'
import { LIVING } from '../subscriptions/living.ts'
import type { NameKey } from '../subscriptions/store.ts'

/** Kept of one sequence; more callbacks are counted only. */
const MOST_KEPT = 1000
const MOST_KEPT_BYTES = 4 * 1024 * 1024

export interface Progress {
  readonly startCount: number
  readonly notificationCount: number
  /** JSON of what is kept, in the order of its arrival, separated by commas. */
  readonly bodies: string
  readonly created: string
  readonly updated: string
}

/** Of a sequence whose subscription lives. One statement, so that what is counted and what is kept fit together. */
export const readProgress = async (db: Db, { tenant, owner, name }: NameKey): Promise<Progress | undefined> => (await db.query<Progress>(sql`
  select start_count as "startCount", notification_count as "notificationCount",
         to_char(test_sequence.created at time zone 'UTC', ${INSTANT_FORMAT}) as created,
         to_char(test_sequence.updated at time zone 'UTC', ${INSTANT_FORMAT}) as updated,
         (select coalesce(string_agg(body, ',' order by id), '') from test_notification where subscription_id = subscription.id) as bodies
  from subscription join test_sequence on test_sequence.subscription_id = subscription.id
  where ${LIVING} and tenant = ${tenant} and owner = ${owner} and name = ${name}`))[0]

/** Whether there may be a sequence of this name, of whichever tenant and owner. */
export const isSequenceName = async (db: Db, name: string): Promise<boolean> => (await db.query(sql`
  select from subscription join test_sequence on test_sequence.subscription_id = subscription.id
  where subscription.ended is null and name = ${name}
  limit 1`)).length > 0

/**
 * Counts a callback and keeps it, while there is room. Locks the sequence's row first, so that callbacks of the same
 * moment follow each other. Answers false when there is no such living sequence.
 */
export const recordCallback = async (db: Db, { tenant, owner, name }: NameKey, body: string): Promise<boolean> => {
  const bytes = Buffer.byteLength(body)
  const rows = await db.query(sql`
    with sequence as (
      select subscription_id, kept < ${MOST_KEPT} and kept_bytes + ${bytes} <= ${MOST_KEPT_BYTES} as has_room
      from subscription join test_sequence on test_sequence.subscription_id = subscription.id
      where ${LIVING} and not stopped and tenant = ${tenant} and owner = ${owner} and name = ${name}
      for update of test_sequence
    ), counted as (
      update test_sequence
      set notification_count = notification_count + 1, updated = now(),
          kept = kept + has_room::integer, kept_bytes = kept_bytes + has_room::integer * ${bytes}
      from sequence
      where test_sequence.subscription_id = sequence.subscription_id
    ), inserted as (
      insert into test_notification (subscription_id, body)
      select subscription_id, ${body} from sequence where has_room
    )
    select from sequence`)
  return rows.length > 0
}
