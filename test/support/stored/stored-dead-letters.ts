import type { Db } from '@tidings/server/db/db.ts'
import { sql } from '@tidings/server/db/sql.ts'

export interface StoredDeadLetter {
  readonly uuid: string
  readonly partition: number
  readonly position: number
  readonly reason: string
  /** Of its record; null when that is gone. */
  readonly kind: string | null
  readonly body: string | null
}

export const storedDeadLetters = (db: Db) =>
  db.query<StoredDeadLetter>(sql`
    select dead_letter.uuid, partition, position, reason, event.kind, event.body
    from dead_letter
    left join event using (partition, position)
    order by position`)

/** Why records were parked, in the order of their positions. */
export const deadLetterReasons = async (db: Db) => (await storedDeadLetters(db)).map(({ reason }) => reason)

export const removeDeadLetters = (db: Db) => db.query(sql`delete from dead_letter`)
