import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { required } from '../runtime/required.ts'

/** Returns the random bytes that all processes of the installation share, and that a migration has made. */
export async function readCursorSecret(db: Db): Promise<Buffer> {
  const [row] = await db.query<{ value: Buffer }>(sql`select value from secret where purpose = 'cursors'`)
  return required(row, 'the migration has made it').value
}
