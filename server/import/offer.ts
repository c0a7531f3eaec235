import type { Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import type { Log } from '../log.ts'
import { USUAL_SCHEMA } from './source-schema.ts'

export interface OfferParts {
  readonly db: Db
  /** Whose subscriptions the service makes for itself. */
  readonly ownTenant: string
  readonly log: Log
}

/**
 * Says how to copy the subscriptions of a Tapis Notifications service that has its tables in the same database, as long as
 * there are none here. Only the catalogues are read of the other: its tables may not be for our role.
 */
export async function offerImport({ db, ownTenant, log }: OfferParts): Promise<void> {
  const [row] = await db.query<{ isOffered: boolean }>(sql`
    select exists (select from pg_class join pg_namespace on pg_namespace.oid = relnamespace where nspname = ${USUAL_SCHEMA} and relname = 'subscriptions' and relkind in ('r', 'p', 'v'))
      and not exists (select from imported_subscription)
      and not exists (select from subscription where tenant <> ${ownTenant}) as "isOffered"`)
  if (row?.isOffered !== true) return
  log.warn({ schema: USUAL_SCHEMA, next: 'npm run import -- --from here --dry-run' }, 'this database has the tables of Tapis Notifications, and nothing of them is copied yet: `npm run import -- --from here --dry-run` tells what an import would copy')
}
