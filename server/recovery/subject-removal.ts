import type { Database, Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import type { Log } from '../log.ts'
import { createLoop, type WakeableWorker } from '../runtime/loop.ts'

const MEMBERS_PER_TURN = 1000
const POLL_MS = 1000

/**
 * Ends the subscriptions of events with deleteSubscriptionsMatchingSubject once all notifications of the event are
 * settled. Woken by dispatch (nothing matched) and delivery (the last one settled). Any process may do it.
 */
export function createSubjectRemoval({ db, log }: { db: Database; log: Log }): WakeableWorker {
  return createLoop({ name: 'subject-removal', log, turn: async () => ((await finishSome(db)) > 0 ? 0 : POLL_MS) })
}

const finishSome = (db: Database) => db.transaction(async (tx) => {
  const removals = await lockReady(tx)
  if (removals.length === 0) return 0
  const positions = removals.map((removal) => removal.position)
  const members = await takeMembers(tx, positions)
  if (members.length > 0) await endSubscriptions(tx, members)
  if (members.length < MEMBERS_PER_TURN) await forget(tx, positions)
  return removals.length
})

const lockReady = (tx: Db) => tx.query<{ position: number }>(sql`
  select position
  from subject_removal
  where unsettled <= 0
  order by position
  limit 100
  for update skip locked`)

interface Member {
  readonly position: number
  readonly id: number
}

const takeMembers = (tx: Db, positions: readonly number[]) => tx.query<Member>(sql`
  delete from subject_removal_member
  where (position, subscription_id) in (
    select position, subscription_id
    from subject_removal_member
    where position = any (${positions}::bigint[])
    order by position, subscription_id
    limit ${MEMBERS_PER_TURN})
  returning position, subscription_id as id`)

/**
 * Ends what lives, and keeps expired ones from matching older events. One that a change has given another subject since
 * stays. Locks the rows in the order of their ids.
 */
const endSubscriptions = (tx: Db, members: readonly Member[]) => tx.query(sql`
  with locked as (
    select subscription.id
    from unnest(${members.map((member) => member.position)}::bigint[], ${members.map((member) => member.id)}::bigint[]) as member (position, id)
    join subscription on subscription.id = member.id
    where (subscription.ended is null or subscription.end_reason = 'expired')
      and subscription.subject_filter = coalesce(
        (select event.subject from subject_removal join event using (partition, position) where subject_removal.position = member.position),
        subscription.subject_filter)
    order by subscription.id
    for update of subscription
  )
  update subscription
  set ended = coalesce(ended, now()), end_reason = 'subject'
  from locked
  where subscription.id = locked.id`)

const forget = (tx: Db, positions: readonly number[]) => tx.query(sql`
  delete from subject_removal
  where position = any (${positions}::bigint[])`)
