import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { NameKey } from './subscription-store.ts'

/*
 * Three statements end expired subscriptions. The reaper skips locked rows: its next tick finds them again. A creation
 * and an import have to wait for such a row; otherwise the name would stay taken and they would fail.
 */

/**
 * Ends at most `limit` expired subscriptions and returns how many. They go on matching what was received before their
 * expiry (`dispatch_records`), and what was matched is delivered. Locks rows in the order of their ids and skips locked
 * ones.
 */
export async function endExpiredSkippingLocked(db: Db, limit: number): Promise<number> {
  const rows = await db.query(sql`
    with expired as (
      select id
      from subscription
      where ended is null and expiry <= now()
      order by id
      limit ${limit}
      for update skip locked
    )
    update subscription
    set ended = now(), end_reason = 'expired'
    from expired
    where subscription.id = expired.id
    returning subscription.id`)
  return rows.length
}

/** Frees the name of an expired subscription that the reaper has not ended yet. Waits for the lock of its row. */
export const waitAndFreeExpiredName = (tx: Db, { tenant, owner, name }: NameKey) =>
  tx.query(sql`
  update subscription
  set ended = now(), end_reason = 'expired'
  where tenant = ${tenant} and owner = ${owner} and name = ${name} and ended is null and expiry <= now()`)

/** Does the same for many names. Waits for the locks of their rows, in the order of their ids. */
export const waitAndFreeExpiredNames = (tx: Db, names: readonly NameKey[]) =>
  tx.query(sql`
  update subscription
  set ended = now(), end_reason = 'expired'
  where id in (
    select id
    from subscription
    join unnest(
      ${names.map(({ tenant }) => tenant)}::text[],
      ${names.map(({ owner }) => owner)}::text[],
      ${names.map(({ name }) => name)}::text[]
    ) as given (tenant, owner, name) using (tenant, owner, name)
    where ended is null and expiry <= now()
    order by id
    for update of subscription)`)
