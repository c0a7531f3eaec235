import type { TakenRecord } from '../broker/broker.ts'
import { isContentError } from '../db/content-error.ts'
import type { Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import { isStatementTimeout } from '../db/statement-timeout.ts'

/**
 * What a failed batch means, by its SQLSTATE class.
 *
 * | class                         | meaning                            | then                                   |
 * |-------------------------------|------------------------------------|----------------------------------------|
 * | 22, 23, 54                    | a record's content may be at fault | one record at a time; fails alone: parked |
 * | 57014 (statement time limit)  | the batch is too large             | a smaller batch, then more time        |
 * | anything else                 | the database is not itself         | the same again, for ever               |
 */
export function diagnose(error: unknown): 'content' | 'too_large' | 'passing' {
  if (isContentError(error)) return 'content'
  return isStatementTimeout(error) ? 'too_large' : 'passing'
}

/** Keeps records for a person to look at. Their rows in `event` stay as long as they are listed here. */
export async function parkRecords(tx: Db, poison: readonly { record: TakenRecord; reason: string }[]): Promise<void> {
  if (poison.length === 0) return
  await tx.query(sql`
    insert into dead_letter (partition, position, uuid, reason)
    select * from unnest(${poison.map(({ record }) => record.partition)}::smallint[], ${poison.map(({ record }) => record.position)}::bigint[],
                         ${poison.map(({ record }) => record.uuid)}::uuid[], ${poison.map(({ reason }) => reason)}::text[])`)
}
