import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { RemovalLimits } from './remove-ended.ts'

/**
 * Deletes versions of subscriptions that were replaced so many hours ago: nobody asks any more why an event of that
 * time did not match. Returns how many. Skips locked rows. The trigger `note_version` writes them.
 */
export async function removeOldVersions(db: Db, { hours, limit }: RemovalLimits): Promise<number> {
  const rows = await db.query(sql`
    with removable as (
      select subscription_id, id
      from subscription_version
      where replaced < now() - ${hours} * interval '1 hour'
      order by replaced
      limit ${limit}
      for update skip locked
    )
    delete from subscription_version
    using removable
    where subscription_version.subscription_id = removable.subscription_id and subscription_version.id = removable.id
    returning 1`)
  return rows.length
}
