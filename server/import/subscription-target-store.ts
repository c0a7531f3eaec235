import { ACTIVE } from '../subscriptions/active-condition.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { CheckedRow } from './convert-subscription.ts'

/** What this service knows about a subscription of the source. */
export interface SubscriptionState {
  /** Counted from 1, in the order given. */
  readonly ordinal: number
  /** This service has or had one with this uuid; `isSame`: with the same tenant, owner and name. */
  readonly isThere: boolean
  readonly isSame: boolean
  readonly hasEnded: boolean
  /** It was copied before, whatever became of it. */
  readonly wasImported: boolean
  readonly isNameTaken: boolean
}

/** Reads the states of subscriptions that may be copied. Takes no lock, so the insert decides. */
export const readSubscriptionStates = (db: Db, rows: readonly CheckedRow[]) =>
  db.query<SubscriptionState>(sql`
  select given.ordinal::integer,
         same.uuid is not null as "isThere",
         coalesce((same.tenant, same.owner, same.name) = (given.tenant, given.owner, given.name), false) as "isSame",
         same.ended is not null as "hasEnded",
         imported_subscription.uuid is not null as "wasImported",
         namesake.uuid is not null as "isNameTaken"
  from unnest(
    ${rows.map(({ row }) => row.uuid)}::uuid[],
    ${rows.map(({ row }) => row.tenant)}::text[],
    ${rows.map(({ row }) => row.owner)}::text[],
    ${rows.map(({ row }) => row.name)}::text[]
  ) with ordinality as given (uuid, tenant, owner, name, ordinal)
  left join subscription as same on same.uuid = given.uuid
  left join imported_subscription on imported_subscription.uuid = given.uuid
  left join (select uuid, tenant, owner, name from subscription where ${ACTIVE}) as namesake
    on namesake.tenant = given.tenant and namesake.owner = given.owner and namesake.name = given.name`)

/** Records uuids as copied, so that one which ends here is not copied again. */
export const rememberImports = (tx: Db, uuids: readonly string[]) =>
  tx.query(sql`
  insert into imported_subscription (uuid)
  select unnest(${uuids}::uuid[])
  on conflict do nothing`)
