import type { Database } from '../db/database.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'

export interface RemovalLimits {
  /** How long ago a row must have ended. */
  readonly hours: number
  /** Rows to remove at most. */
  readonly limit: number
}

/**
 * Deletes ended subscriptions and their targets, in one transaction, and returns how many subscriptions. One stays as
 * long as a notification or a subject removal refers to it, or a fan-out may; an expired one also until everything
 * received before its expiry is dispatched. Skips locked rows.
 */
export function removeEndedSubscriptions(database: Database, { hours, limit }: RemovalLimits): Promise<number> {
  return database.transaction(async (tx) => {
    const removable = await tx.query<{ id: number }>(sql`
      select subscription.id
      from subscription
      where subscription.ended < now() - ${hours} * interval '1 hour'
        and not exists (
          select from delivery_target join notification on notification.target_id = delivery_target.id
          where delivery_target.subscription_id = subscription.id)
        and not exists (
          select from partition_cursor
          cross join lateral (
            select event.received from event
            where event.partition = partition_cursor.partition and event.position > partition_cursor.position
            order by event.position limit 1) as next
          where subscription.end_reason = 'expired' and next.received < subscription.expiry)
        and not exists (select from fan_out where fan_out.received <= subscription.ended)
        and not exists (
          select from subject_removal_member where subject_removal_member.subscription_id = subscription.id)
      limit ${limit}
      for update skip locked`)
    const ids = removable.map((row) => row.id)
    if (ids.length === 0) return 0
    await tx.query(sql`delete from delivery_target where subscription_id = any (${ids}::bigint[])`)
    await tx.query(sql`delete from subscription where id = any (${ids}::bigint[])`)
    return ids.length
  })
}

/**
 * Deletes targets that a change of their subscription has ended and that no notification refers to, nor a fan-out
 * may. Returns how many.
 * Skips locked rows, such as the row of an address that a change brings back at this moment, so the two statements
 * cannot deadlock.
 */
export async function removeEndedTargets(db: Db, { hours, limit }: RemovalLimits): Promise<number> {
  const rows = await db.query(sql`
    with removable as (
      select target.id
      from delivery_target as target
      where target.ended < now() - ${hours} * interval '1 hour'
        and not exists (select from notification where notification.target_id = target.id)
        and not exists (select from fan_out where fan_out.received <= target.ended)
      limit ${limit}
      for update skip locked
    )
    delete from delivery_target
    using removable
    where delivery_target.id = removable.id
    returning 1`)
  return rows.length
}
