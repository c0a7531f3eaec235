import { PUBLISH_LOCKS } from '../db/advisory-locks.ts'
import type { Database } from '../db/database.ts'
import type { Db } from '../db/db.ts'
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

/**
 * Returns at most `limit` dead letters after the given one, by partition and position: redriven in this order, events
 * keep their order within a series.
 */
export const listDeadLetters = (db: Db, after: Pick<DeadLetter, 'partition' | 'position'> | undefined, limit: number) =>
  db.query<DeadLetter>(sql`
  select partition, position, dead_letter.uuid, parked, reason, tenant, kind,
         type1 || '.' || type2 || '.' || type3 as type
  from dead_letter
  join event using (partition, position)
  where (partition, position) > (${after?.partition ?? -1}::smallint, ${after?.position ?? 0}::bigint)
  order by partition, position
  limit ${limit}`)

/**
 * Moves a dead letter's record to the end of its partition, as a publish would: under the partition's advisory lock
 * (see publish_records in the migrations), because the cursor must never pass a position that is not committed yet.
 * Returns whether it was a dead letter.
 */
export const redrive = (db: Database, uuid: string): Promise<boolean> =>
  db.transaction(async (tx) => {
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

/**
 * Removes a dead letter from the list. The cursor has passed its record, which retention deletes. Returns whether it
 * was a dead letter.
 */
export const discard = async (db: Db, uuid: string): Promise<boolean> =>
  (
    await db.query(sql`
  delete from dead_letter
  where uuid = ${uuid}
  returning 1`)
  ).length > 0
