import type { Db } from '../../db/db.ts'
import { sql } from '../../db/sql.ts'
import { ACTIVE } from '../../subscriptions/active-condition.ts'
import { endLocked } from '../../subscriptions/enable-and-end.ts'
import { endAbandonedSequences } from '../../subscriptions/end-abandoned-sequences.ts'
import type { NameKey } from '../../subscriptions/subscription-store.ts'
import type { Sequence } from './sequence.ts'

/** Sequences read in one tick of the publisher. */
export const MAX_PER_POLL = 100
/** A request that begins a sequence ends long before: a publish takes at most 5 s. */
const BEGIN_LIMIT = '10 minutes'

export interface WaitingSequence extends Sequence {
  /** Until its next event is due; 0 or less: now. */
  readonly inMs: number
  /** Its subscription has neither ended nor expired. */
  readonly isActive: boolean
}

/**
 * Inserts a sequence, in the transaction that inserts its subscription. Nothing is due until the first event is stored.
 */
export const insertSequence = (
  tx: Db,
  { id, startCount, endsSeries }: Pick<Sequence, 'id' | 'startCount' | 'endsSeries'>,
) =>
  tx.query(sql`
  insert into test_sequence (subscription_id, start_count, ends_series)
  values (${id}, ${startCount}, ${endsSeries})`)

/** Returns sequences with events to publish, the most urgent first, at most `MAX_PER_POLL`. */
export const readWaiting = (db: Db) =>
  db.query<WaitingSequence>(sql`
  select subscription.id, tenant, owner, name, start_count as "startCount", ends_series as "endsSeries", published,
         (extract(epoch from next_due - now()) * 1000)::float8 as "inMs", (${ACTIVE}) as "isActive"
  from test_sequence join subscription on subscription.id = test_sequence.subscription_id
  where published < start_count and not stopped and next_due is not null
  order by next_due
  limit ${MAX_PER_POLL}`)

/**
 * Records that the next event is stored. Locks the row. Returns false when another process has recorded it, or when the
 * sequence was stopped or deleted.
 */
export const markPublished = async (db: Db, { id, published }: Sequence, intervalMs: number): Promise<boolean> => {
  const rows = await db.query(sql`
    update test_sequence
    set published = published + 1, next_due = now() + ${intervalMs} * interval '1 ms'
    where subscription_id = ${id} and published = ${published} and not stopped
    returning 1`)
  return rows.length > 0
}

/** Returns whether the sequence exists and was not stopped. */
export const isRunning = async (db: Db, { id }: Sequence): Promise<boolean> =>
  (await db.query(sql`select from test_sequence where subscription_id = ${id} and not stopped`)).length > 0

/** Stops publishing for good. What the sequence has received stays as long as the subscription's row. */
export const retire = (db: Db, { id }: Sequence) =>
  db.query(sql`
  update test_sequence
  set next_due = null
  where subscription_id = ${id}`)

/** Deletes the sequence and what it has received. Returns the number of sequences deleted. */
export const removeSequence = async (db: Db, id: number): Promise<number> =>
  (await db.query(sql`delete from test_sequence where subscription_id = ${id} returning 1`)).length

/** Ends what a process left behind that was killed while it began a sequence; see `endAbandonedSequences`. */
export const endAbandoned = (db: Db) => endAbandonedSequences(db, { olderThan: BEGIN_LIMIT, limit: MAX_PER_POLL })

/** The subscription that a DELETE names. */
export interface FoundSubscription {
  readonly id: number
  readonly isSequence: boolean
}

/** Finds the active subscription of this name and locks its row until the end of the transaction. */
export const lockForDeletion = async (
  tx: Db,
  { tenant, owner, name }: NameKey,
): Promise<FoundSubscription | undefined> =>
  (
    await tx.query<FoundSubscription>(sql`
  select subscription.id, exists (select from test_sequence where subscription_id = subscription.id) as "isSequence"
  from subscription
  where ${ACTIVE} and tenant = ${tenant} and owner = ${owner} and name = ${name}
  for update`)
  )[0]

/** Finds a sequence whose deletion was begun and not finished. */
export const findStopped = async (db: Db, { tenant, owner, name }: NameKey): Promise<number | undefined> =>
  (
    await db.query<{ id: number }>(sql`
  select subscription.id
  from test_sequence join subscription on subscription.id = test_sequence.subscription_id
  where stopped and tenant = ${tenant} and owner = ${owner} and name = ${name}
  order by subscription.id
  limit 1`)
  )[0]?.id

/** Ends the subscription and stops the sequence. The caller has locked the subscription, or has just inserted it. */
export async function stop(tx: Db, id: number): Promise<void> {
  await endLocked(tx, id)
  await tx.query(sql`update test_sequence set stopped = true, updated = now() where subscription_id = ${id}`)
}
