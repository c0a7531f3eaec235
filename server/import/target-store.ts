import { LIVING } from '../api/subscriptions/living.ts'
import type { Db } from '../db/database.ts'
import { hashKey } from '../db/hash-key.ts'
import { sql } from '../db/sql.ts'
import type { CheckedRow } from './convert.ts'

/** What this service knows of a subscription of the source. */
export interface Finding {
  /** Counted from 1, in the order given. */
  readonly ordinal: number
  /** One with this uuid is or was here; `isSame`: under the same tenant, owner and name. */
  readonly isThere: boolean
  readonly isSame: boolean
  readonly hasEnded: boolean
  /** It was copied once, whatever became of it. */
  readonly wasImported: boolean
  readonly isNameTaken: boolean
}

export const readFindings = (db: Db, rows: readonly CheckedRow[]) => db.query<Finding>(sql`
  select given.ordinal::integer, same.uuid is not null as "isThere", coalesce((same.tenant, same.owner, same.name) = (given.tenant, given.owner, given.name), false) as "isSame",
         same.ended is not null as "hasEnded", imported_subscription.uuid is not null as "wasImported", namesake.uuid is not null as "isNameTaken"
  from unnest(${rows.map(({ row }) => row.uuid)}::uuid[], ${rows.map(({ row }) => row.tenant)}::text[], ${rows.map(({ row }) => row.owner)}::text[],
              ${rows.map(({ row }) => row.name)}::text[]) with ordinality as given (uuid, tenant, owner, name, ordinal)
  left join subscription as same on same.uuid = given.uuid
  left join imported_subscription on imported_subscription.uuid = given.uuid
  left join (select uuid, tenant, owner, name from subscription where ${LIVING}) as namesake
    on namesake.tenant = given.tenant and namesake.owner = given.owner and namesake.name = given.name`)

/** Frees the names of subscriptions whose time is over but which the reaper has not met yet. Locks their rows, by id. */
export const freeExpiredNames = (tx: Db, rows: readonly CheckedRow[]) => tx.query(sql`
  update subscription
  set ended = now(), end_reason = 'expired'
  where id in (
    select id
    from subscription
    join unnest(${rows.map(({ row }) => row.tenant)}::text[], ${rows.map(({ row }) => row.owner)}::text[], ${rows.map(({ row }) => row.name)}::text[])
      as given (tenant, owner, name) using (tenant, owner, name)
    where ended is null and expiry <= now()
    order by id
    for update of subscription)`)

/**
 * Answers the uuids of those that were inserted; a uuid or a name that is taken in this moment is passed over. Waits for
 * others who insert the same; all imports insert in the order of the source, so that they cannot wait for each other.
 */
export const insertSubscriptions = (tx: Db, rows: readonly CheckedRow[]) => tx.query<{ id: number; uuid: string }>(sql`
  insert into subscription (uuid, tenant, owner, name, description, enabled, type_filter, type1, type2, type3, subject_filter, ttl_minutes, expiry, created, updated)
  select uuid, tenant, owner, name, description, enabled, type_filter, split_part(type_filter, '.', 1), split_part(type_filter, '.', 2),
         split_part(type_filter, '.', 3), subject_filter, ttl_minutes, expiry, created, updated
  from unnest(${rows.map(({ row }) => row.uuid)}::uuid[], ${rows.map(({ row }) => row.tenant)}::text[], ${rows.map(({ row }) => row.owner)}::text[],
              ${rows.map(({ row }) => row.name)}::text[], ${rows.map(({ row }) => row.description)}::text[], ${rows.map(({ row }) => row.enabled)}::boolean[],
              ${rows.map(({ row }) => row.typeFilter)}::text[], ${rows.map(({ row }) => row.subjectFilter)}::text[], ${rows.map(({ row }) => row.ttlMinutes)}::integer[],
              ${rows.map(({ row }) => row.expiry)}::timestamptz[], ${rows.map(({ row }) => row.created)}::timestamptz[], ${rows.map(({ row }) => row.updated)}::timestamptz[])
    with ordinality as given (uuid, tenant, owner, name, description, enabled, type_filter, subject_filter, ttl_minutes, expiry, created, updated, ordinal)
  order by ordinal
  on conflict do nothing
  returning id, uuid::text`)

export const rememberImports = (tx: Db, uuids: readonly string[]) => tx.query(sql`
  insert into imported_subscription (uuid)
  select unnest(${uuids}::uuid[])
  on conflict do nothing`)

interface PlacedTarget {
  readonly subscriptionId: number
  readonly ordinal: number
  readonly method: string
  readonly address: string
}

export const insertTargets = (tx: Db, targets: readonly PlacedTarget[]) => tx.query(sql`
  insert into delivery_target (subscription_id, ordinal, method, address, address_key)
  select *
  from unnest(${targets.map((target) => target.subscriptionId)}::bigint[], ${targets.map((target) => target.ordinal)}::smallint[],
              ${targets.map((target) => target.method)}::text[], ${targets.map((target) => target.address)}::text[],
              ${targets.map((target) => hashKey(target.method, target.address))}::uuid[])`)
