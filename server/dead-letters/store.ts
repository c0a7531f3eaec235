import { PUBLISH_LOCKS } from '../db/advisory-locks.ts'
import type { Database, Db } from '../db/database.ts'
import { EVENT_CHANNEL } from '../db/event-channel.ts'
import { sql } from '../db/sql.ts'

export interface DeadLetter {
  readonly uuid: string
  readonly partition: number
  readonly position: number
  readonly parked: Date
  readonly reason: string
  readonly tenant: string
  readonly kind: string
  /** `service.category.detail`; null for a control record. */
  readonly type: string | null
}

/** In the order of their partitions, at most so many, after the one given. So what is redriven keeps its order within a series. */
export const listDeadLetters = (db: Db, after: Pick<DeadLetter, 'partition' | 'position'> | undefined, limit: number) => db.query<DeadLetter>(sql`
  select partition, position, dead_letter.uuid, parked, reason, tenant, kind, type1 || '.' || type2 || '.' || type3 as type
  from dead_letter
  join event using (partition, position)
  where (partition, position) > (${after?.partition ?? -1}::smallint, ${after?.position ?? 0}::bigint)
  order by partition, position
  limit ${limit}`)

/**
 * Gives a dead letter's record the last place of its partition, as a publish would: under the partition's advisory lock
 * (see publish_records in the migrations), for the cursor must never pass a place that is not committed yet. Answers
 * whether it was a dead letter.
 */
export const redrive = (db: Database, uuid: string): Promise<boolean> => db.transaction(async (tx) => {
  const [letter] = await tx.query<{ partition: number; position: number }>(sql`
    delete from dead_letter
    where uuid = ${uuid}
    returning partition, position`)
  if (!letter) return false
  await tx.query(sql`select pg_advisory_xact_lock(${PUBLISH_LOCKS}::integer, ${letter.partition}::integer)`)
  await tx.query(sql`
    update event
    set position = nextval('event_position')
    where partition = ${letter.partition} and position = ${letter.position}`)
  await tx.query(sql`select pg_notify(${EVENT_CHANNEL}, '')`)
  return true
})

/** Takes a dead letter off the list: the cursor has passed its record, which goes with what is older than the retention. Answers whether it was one. */
export const discard = async (db: Db, uuid: string): Promise<boolean> => (await db.query(sql`
  delete from dead_letter
  where uuid = ${uuid}
  returning 1`)).length > 0
