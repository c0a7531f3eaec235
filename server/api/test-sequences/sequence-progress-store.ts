import type { Db } from '../../db/db.ts'
import { INSTANT_FORMAT } from '../../db/instant-format.ts'
import { sql } from '../../db/sql.ts'
import { ACTIVE } from '../../subscriptions/active-condition.ts'
import type { NameKey } from '../../subscriptions/subscription-store.ts'

/** Notifications stored for one sequence; more callbacks are only counted. */
const MAX_STORED = 1000
const MAX_STORED_BYTES = 4 * 1024 * 1024

export interface Progress {
  readonly startCount: number
  readonly notificationCount: number
  /** JSON of the stored notifications, in the order of their arrival, separated by commas. */
  readonly bodies: string
  readonly created: string
  readonly updated: string
}

/**
 * Reads the progress of a sequence whose subscription is active. One statement, so that the count and the stored
 * notifications agree.
 */
export const readProgress = async (db: Db, { tenant, owner, name }: NameKey): Promise<Progress | undefined> =>
  (
    await db.query<Progress>(sql`
  select start_count as "startCount", notification_count as "notificationCount",
         to_char(test_sequence.created at time zone 'UTC', ${INSTANT_FORMAT}) as created,
         to_char(test_sequence.updated at time zone 'UTC', ${INSTANT_FORMAT}) as updated,
         (select coalesce(string_agg(body, ',' order by id), '')
          from test_notification
          where subscription_id = subscription.id) as bodies
  from subscription join test_sequence on test_sequence.subscription_id = subscription.id
  where ${ACTIVE} and tenant = ${tenant} and owner = ${owner} and name = ${name}`)
  )[0]

/** Returns whether there may be a sequence of this name, of any tenant and owner. */
export const isSequenceName = async (db: Db, name: string): Promise<boolean> =>
  (
    await db.query(sql`
  select from subscription join test_sequence on test_sequence.subscription_id = subscription.id
  where subscription.ended is null and name = ${name}
  limit 1`)
  ).length > 0

/**
 * Counts a callback and stores it while there is room. Locks the sequence's row first, so concurrent callbacks run one
 * after the other. Returns false when there is no such active sequence.
 */
export const recordCallback = async (db: Db, { tenant, owner, name }: NameKey, body: string): Promise<boolean> => {
  const bytes = Buffer.byteLength(body)
  const rows = await db.query(sql`
    with sequence as (
      select subscription_id, kept < ${MAX_STORED} and kept_bytes + ${bytes} <= ${MAX_STORED_BYTES} as has_room
      from subscription join test_sequence on test_sequence.subscription_id = subscription.id
      where ${ACTIVE} and not stopped and tenant = ${tenant} and owner = ${owner} and name = ${name}
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
