import type { Db } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { LIVING } from '../subscriptions/living.ts'
import type { NameKey } from '../subscriptions/store.ts'
import type { Sequence } from './sequence.ts'

/** Sequences looked at in one turn of the publisher. */
export const PER_TURN = 100
/** A request that begins a sequence is over long before: its publish is answered within 5 s. */
const BEGUN_WITHIN = '10 minutes'

export interface WaitingSequence extends Sequence {
  /** Until its next event is due; 0 or less: now. */
  readonly inMs: number
  /** Its subscription has neither ended nor expired. */
  readonly isLiving: boolean
}

/** In the transaction that makes the subscription. Nothing is due until the first event is stored. */
export const insertSequence = (tx: Db, { id, startCount, endsSeries }: Pick<Sequence, 'id' | 'startCount' | 'endsSeries'>) => tx.query(sql`
  insert into test_sequence (subscription_id, start_count, ends_series)
  values (${id}, ${startCount}, ${endsSeries})`)

/** Sequences with events to come, the most urgent first. */
export const readWaiting = (db: Db) => db.query<WaitingSequence>(sql`
  select subscription.id, tenant, owner, name, start_count as "startCount", ends_series as "endsSeries", published,
         (extract(epoch from next_due - now()) * 1000)::float8 as "inMs", (${LIVING}) as "isLiving"
  from test_sequence join subscription on subscription.id = test_sequence.subscription_id
  where published < start_count and not stopped and next_due is not null
  order by next_due
  limit ${PER_TURN}`)

/** The next event is stored. Locks the row. Answers false when somebody else has said so, or the sequence was stopped or is gone. */
export const markPublished = async (db: Db, { id, published }: Sequence, intervalMs: number): Promise<boolean> => {
  const rows = await db.query(sql`
    update test_sequence
    set published = published + 1, next_due = now() + ${intervalMs} * interval '1 ms'
    where subscription_id = ${id} and published = ${published} and not stopped
    returning 1`)
  return rows.length > 0
}

/** Whether it is there and was not stopped. */
export const isGoingOn = async (db: Db, { id }: Sequence): Promise<boolean> =>
  (await db.query(sql`select from test_sequence where subscription_id = ${id} and not stopped`)).length > 0

/** Nothing is due any more; what was received stays as long as the subscription's row. */
export const retire = (db: Db, { id }: Sequence) => db.query(sql`
  update test_sequence
  set next_due = null
  where subscription_id = ${id}`)

/** The sequence and what it has received. */
export const removeSequence = async (db: Db, id: number): Promise<number> =>
  (await db.query(sql`delete from test_sequence where subscription_id = ${id} returning 1`)).length

/**
 * Ends what a process has left that was killed while it began a sequence: nobody was told of it. Locks the subscriptions
 * before the sequences, by id.
 */
export const endAbandoned = (db: Db) => db.query(sql`
  with ended as (
    update subscription
    set ended = coalesce(ended, now()), end_reason = coalesce(end_reason, 'deleted')
    where id in (
      select subscription.id
      from test_sequence join subscription on subscription.id = test_sequence.subscription_id
      where published = 0 and next_due is null and test_sequence.created < now() - ${BEGUN_WITHIN}::interval
      order by subscription.id
      limit ${PER_TURN}
      for update of subscription)
    returning id
  )
  delete from test_sequence
  where subscription_id in (select id from ended) and published = 0 and next_due is null`)

/** Which subscription a DELETE is about. */
export interface Found {
  readonly id: number
  readonly isSequence: boolean
}

/** Locks the subscription. */
export const lockLiving = async (tx: Db, { tenant, owner, name }: NameKey): Promise<Found | undefined> => (await tx.query<Found>(sql`
  select subscription.id, exists (select from test_sequence where subscription_id = subscription.id) as "isSequence"
  from subscription
  where ${LIVING} and tenant = ${tenant} and owner = ${owner} and name = ${name}
  for update`))[0]

/** One whose deletion was begun and not finished. */
export const findStopped = async (db: Db, { tenant, owner, name }: NameKey): Promise<number | undefined> => (await db.query<{ id: number }>(sql`
  select subscription.id
  from test_sequence join subscription on subscription.id = test_sequence.subscription_id
  where stopped and tenant = ${tenant} and owner = ${owner} and name = ${name}
  order by subscription.id
  limit 1`))[0]?.id

/** The caller has locked the subscription. */
export async function stop(tx: Db, id: number): Promise<void> {
  await tx.query(sql`update subscription set ended = now(), end_reason = 'deleted' where id = ${id}`)
  await tx.query(sql`update test_sequence set stopped = true, updated = now() where subscription_id = ${id}`)
}
