import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { Log } from '../log.ts'
import { USUAL_SCHEMA } from './source-schema.ts'

export interface SuggestImportDeps {
  readonly db: Db
  /** The tenant of subscriptions that the service creates for itself. */
  readonly ownTenant: string
  readonly log: Log
}

/**
 * Logs how to copy the subscriptions of a Tapis Notifications service that has its tables in the same database, as long
 * as this service has none. Reads only the system catalogs about them: our role may have no access to its tables.
 */
export async function suggestImport({ db, ownTenant, log }: SuggestImportDeps): Promise<void> {
  const [row] = await db.query<{ isOffered: boolean }>(sql`
    select exists (
             select from pg_class join pg_namespace on pg_namespace.oid = relnamespace
             where nspname = ${USUAL_SCHEMA} and relname = 'subscriptions' and relkind in ('r', 'p', 'v'))
      and not exists (select from imported_subscription)
      and not exists (select from subscription where tenant <> ${ownTenant}) as "isOffered"`)
  if (row?.isOffered !== true) return
  log.warn(
    { schema: USUAL_SCHEMA, next: 'npm run import -- --from here --dry-run' },
    'this database has the tables of Tapis Notifications, and nothing was copied from them yet: ' +
      '`npm run import -- --from here --dry-run` lists what an import would copy',
  )
}
