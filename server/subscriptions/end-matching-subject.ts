import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'

/** A subscription that the removal at this position of the event log found when it was dispatched. */
export interface RemovalMember {
  readonly position: number
  /** Of the subscription. */
  readonly id: number
}

/**
 * Ends active subscriptions, and keeps expired ones from matching older events. A subscription whose subject filter was
 * changed in the meantime stays. Locks the rows in the order of their ids. The caller has locked the removals.
 */
export const endMatchingSubject = (tx: Db, members: readonly RemovalMember[]) =>
  tx.query(sql`
  with locked as (
    select subscription.id
    from unnest(
      ${members.map((member) => member.position)}::bigint[],
      ${members.map((member) => member.id)}::bigint[]
    ) as member (position, id)
    join subscription on subscription.id = member.id
    where (subscription.ended is null or subscription.end_reason = 'expired')
      and subscription.subject_filter = coalesce(
        (select event.subject
         from subject_removal join event using (partition, position)
         where subject_removal.position = member.position),
        subscription.subject_filter)
    order by subscription.id
    for update of subscription
  )
  update subscription
  set ended = coalesce(ended, now()), end_reason = 'subject'
  from locked
  where subscription.id = locked.id`)
