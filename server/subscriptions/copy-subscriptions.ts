import type { Db } from '../db/db.ts'
import { hashKey } from '../db/hash-key.ts'
import { sql } from '../db/sql.ts'

/** A subscription with the uuid and the times that another service gave it. Instants are text of a timestamptz. */
export interface CopiedSubscription {
  readonly uuid: string
  readonly tenant: string
  readonly owner: string
  readonly name: string
  readonly description: string | null
  readonly enabled: boolean
  readonly typeFilter: string
  readonly subjectFilter: string
  readonly ttlMinutes: number
  readonly expiry: string | null
  readonly created: string
  readonly updated: string
}

/**
 * Inserts subscriptions as they are and returns the ids and uuids of those that were inserted. Skips one whose uuid or
 * name is taken at that moment. Waits for concurrent inserts of the same; all imports insert in the order of the
 * source, so they cannot deadlock.
 */
export const copySubscriptions = (tx: Db, rows: readonly CopiedSubscription[]) =>
  tx.query<{ id: number; uuid: string }>(sql`
  insert into subscription
    (uuid, tenant, owner, name, description, enabled, type_filter, type1, type2, type3, subject_filter, ttl_minutes,
     expiry, created, updated)
  select uuid, tenant, owner, name, description, enabled, type_filter, split_part(type_filter, '.', 1),
         split_part(type_filter, '.', 2), split_part(type_filter, '.', 3), subject_filter, ttl_minutes,
         expiry, created, updated
  from unnest(
    ${rows.map((row) => row.uuid)}::uuid[],
    ${rows.map((row) => row.tenant)}::text[],
    ${rows.map((row) => row.owner)}::text[],
    ${rows.map((row) => row.name)}::text[],
    ${rows.map((row) => row.description)}::text[],
    ${rows.map((row) => row.enabled)}::boolean[],
    ${rows.map((row) => row.typeFilter)}::text[],
    ${rows.map((row) => row.subjectFilter)}::text[],
    ${rows.map((row) => row.ttlMinutes)}::integer[],
    ${rows.map((row) => row.expiry)}::timestamptz[],
    ${rows.map((row) => row.created)}::timestamptz[],
    ${rows.map((row) => row.updated)}::timestamptz[]
  ) with ordinality as given
    (uuid, tenant, owner, name, description, enabled, type_filter, subject_filter, ttl_minutes,
     expiry, created, updated, ordinal)
  order by ordinal
  on conflict do nothing
  returning id, uuid::text`)

export interface CopiedTarget {
  readonly subscriptionId: number
  /** Counted from 0. */
  readonly ordinal: number
  readonly method: string
  readonly address: string
}

/** Inserts the targets of subscriptions that this transaction has copied. */
export const insertCopiedTargets = (tx: Db, targets: readonly CopiedTarget[]) =>
  tx.query(sql`
  insert into delivery_target (subscription_id, ordinal, method, address, address_key)
  select *
  from unnest(
    ${targets.map((target) => target.subscriptionId)}::bigint[],
    ${targets.map((target) => target.ordinal)}::smallint[],
    ${targets.map((target) => target.method)}::text[],
    ${targets.map((target) => target.address)}::text[],
    ${targets.map((target) => hashKey(target.method, target.address))}::uuid[])`)
