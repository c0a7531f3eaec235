import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'

export interface AbandonedSequences {
  /** How long ago a sequence was begun, at the least, as text of a PostgreSQL interval. */
  readonly olderThan: string
  readonly limit: number
}

/**
 * Ends the subscriptions of test sequences that never published an event, and deletes the sequences: a process was
 * killed while it began them, and no caller knows of them. One statement, so that both happen or neither. Locks the
 * subscriptions in the order of their ids, then the sequences.
 */
export const endAbandonedSequences = (db: Db, { olderThan, limit }: AbandonedSequences) =>
  db.query(sql`
  with ended as (
    update subscription
    set ended = coalesce(ended, now()), end_reason = coalesce(end_reason, 'deleted')
    where id in (
      select subscription.id
      from test_sequence join subscription on subscription.id = test_sequence.subscription_id
      where published = 0 and next_due is null and test_sequence.created < now() - ${olderThan}::interval
      order by subscription.id
      limit ${limit}
      for update of subscription)
    returning id
  )
  delete from test_sequence
  where subscription_id in (select id from ended) and published = 0 and next_due is null`)
