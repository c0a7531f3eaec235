import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'

/** Returns the uuid of the newest subscription of this name, which may have ended; undefined: there is none. */
export async function findNamedSubscription(
  db: Db,
  { tenant, owner, name }: { readonly tenant: string; readonly owner: string; readonly name: string },
): Promise<string | undefined> {
  const rows = await db.query<{ uuid: string }>(sql`
    select uuid
    from subscription
    where tenant = ${tenant} and owner = ${owner} and name = ${name}
    order by id desc
    limit 1`)
  return rows[0]?.uuid
}
