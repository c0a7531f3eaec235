import type { Database } from '../db/database.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { Log } from '../log.ts'
import { createLoop, type WakeableWorker } from '../runtime/loop.ts'
import type { Machine } from '../runtime/machine.ts'
import { endMatchingSubject, type RemovalMember } from '../subscriptions/end-matching-subject.ts'

const MEMBERS_PER_TICK = 1000
const POLL_MS = 1000

export interface SubjectRemovalDeps {
  readonly db: Database
  readonly log: Log
  readonly machine?: Machine | undefined
}

/**
 * Returns a worker that ends the subscriptions of events with deleteSubscriptionsMatchingSubject once all notifications
 * of the event are settled. Dispatch wakes it when nothing matched, delivery when the last notification is settled.
 * Several processes may run one.
 */
export function createSubjectRemoval({ db, log, machine }: SubjectRemovalDeps): WakeableWorker {
  return createLoop({
    name: 'subject-removal',
    log,
    machine,
    tick: async () => ((await endReadyRemovals(db)) > 0 ? 0 : POLL_MS),
  })
}

const endReadyRemovals = (db: Database) =>
  db.transaction(async (tx) => {
    const removals = await lockReady(tx)
    if (removals.length === 0) return 0
    const positions = removals.map((removal) => removal.position)
    const members = await takeMembers(tx, positions)
    if (members.length > 0) await endMatchingSubject(tx, members)
    if (members.length < MEMBERS_PER_TICK) await deleteRemovals(tx, positions)
    return removals.length
  })

/** Locks removals whose notifications are all settled; skips those that another process has locked. */
const lockReady = (tx: Db) =>
  tx.query<{ position: number }>(sql`
  select position
  from subject_removal
  where unsettled <= 0
  order by position
  limit 100
  for update skip locked`)

/** Takes the next members off the removals and returns them. */
const takeMembers = (tx: Db, positions: readonly number[]) =>
  tx.query<RemovalMember>(sql`
  delete from subject_removal_member
  where (position, subscription_id) in (
    select position, subscription_id
    from subject_removal_member
    where position = any (${positions}::bigint[])
    order by position, subscription_id
    limit ${MEMBERS_PER_TICK})
  returning position, subscription_id as id`)

const deleteRemovals = (tx: Db, positions: readonly number[]) =>
  tx.query(sql`
  delete from subject_removal
  where position = any (${positions}::bigint[])`)
