import { randomUUID } from 'node:crypto'
import type { Db } from '@tidings/server/db/db.ts'
import { hashKey } from '@tidings/server/db/hash-key.ts'
import { sql, type Sql } from '@tidings/server/db/sql.ts'

/** A subscription as it lies in its table: whatever the table takes, also what no creation would let through. */
export interface StoredSubscription {
  readonly tenant: string
  readonly owner: string
  readonly name: string
  readonly description: string | null
  readonly typeFilter: string
  readonly subjectFilter: string
  readonly ttlMinutes: number
  readonly enabled: boolean
  readonly uuid: string
  /** UTC with six digits, as all times here. */
  readonly expiry: string | null
  readonly created: string
  readonly updated: string
}

/** Writes subscriptions without targets, in one statement. */
export async function storeSubscriptions(db: Db, rows: readonly StoredSubscription[]): Promise<void> {
  const column = <Name extends keyof StoredSubscription>(name: Name) => rows.map((row) => row[name])
  await db.query(sql`
    insert into subscription (tenant, owner, name, description, type_filter, type1, type2, type3, subject_filter,
    ttl_minutes, enabled, uuid, expiry, created, updated)
    select tenant, owner, name, description, type_filter, split_part(type_filter, '.', 1), split_part(type_filter, '.',
    2), split_part(type_filter, '.', 3),
           subject_filter, ttl_minutes, enabled, uuid, expiry, created, updated
    from unnest(${column('tenant')}::text[], ${column('owner')}::text[], ${column('name')}::text[],
    ${column('description')}::text[], ${column('typeFilter')}::text[],
                ${column('subjectFilter')}::text[], ${column('ttlMinutes')}::integer[], ${column('enabled')}::boolean[],
                ${column('uuid')}::uuid[],
                ${column('expiry')}::timestamptz[], ${column('created')}::timestamptz[],
                ${column('updated')}::timestamptz[])
      as given (tenant, owner, name, description, type_filter, subject_filter, ttl_minutes, enabled, uuid, expiry,
      created, updated)`)
}

/** Writes so many of one owner, one after the other, each with one webhook and a description of so many characters. */
export async function storeManySubscriptions(
  db: Db,
  { count, owner, characters = 0 }: { count: number; owner: string; characters?: number },
): Promise<void> {
  await db.query(sql`
    with made as (
      insert into subscription (tenant, owner, name, description, type_filter, type1, type2, type3, subject_filter,
      ttl_minutes, enabled, uuid, created)
      select 'dev', ${owner}, ${owner} || lpad(number::text, 6, '0'), repeat('x', ${characters}), 'jobs.*.*', 'jobs',
      '*', '*', 'job-' || number, 0, true,
             gen_random_uuid(), now() + number * interval '1 ms'
      from generate_series(1, ${count}::integer) as number
      returning id)
    insert into delivery_target (subscription_id, ordinal, method, address, address_key)
    select id, 0, 'WEBHOOK', 'http://127.0.0.1:9/' || id, gen_random_uuid()
    from made`)
}

/** Writes one of the tenant dev to all events of jobs, with one webhook. */
export const storeWebhookSubscription = (db: Db, address: string) =>
  db.query(sql`
    with made as (
      insert into subscription (uuid, tenant, owner, name, enabled, type_filter, type1, type2, type3, subject_filter,
                                ttl_minutes)
      values (${randomUUID()}, 'dev', 'jdoe', ${randomUUID()}, true, 'jobs.*.*', 'jobs', '*', '*', '*', 0)
      returning id)
    insert into delivery_target (subscription_id, ordinal, method, address, address_key)
    select id, 0, 'WEBHOOK', ${address}, ${hashKey(address)} from made`)

/** Which subscriptions a function reads or changes: those with all of these values, so all of them without any. */
export interface SubscriptionFilter {
  readonly uuid?: string
  readonly tenant?: string
  readonly owner?: string
  readonly name?: string
  readonly subjectFilter?: string
}

/** The condition for a statement on the table `subscription`. */
export const isOneOf = ({ uuid, tenant, owner, name, subjectFilter }: SubscriptionFilter): Sql => sql`
  (${uuid ?? null}::uuid is null or subscription.uuid = ${uuid ?? null})
  and (${tenant ?? null}::text is null or subscription.tenant = ${tenant ?? null})
  and (${owner ?? null}::text is null or subscription.owner = ${owner ?? null})
  and (${name ?? null}::text is null or subscription.name = ${name ?? null})
  and (${subjectFilter ?? null}::text is null or subscription.subject_filter = ${subjectFilter ?? null})`

/** What is stored of a subscription: its row, without its targets. */
export interface SubscriptionRow {
  readonly id: number
  readonly uuid: string
  readonly tenant: string
  readonly owner: string
  readonly name: string
  readonly description: string | null
  readonly enabled: boolean
  readonly typeFilter: string
  /** The sections of the type filter, which events are matched by. */
  readonly typeSections: readonly string[]
  readonly subjectFilter: string
  readonly ttlMinutes: number
  readonly expiry: Date | null
  readonly created: Date
  readonly updated: Date
  readonly ended: Date | null
  readonly endReason: 'deleted' | 'expired' | 'subject' | null
}

/** Subscriptions, also those that have ended, by name and owner. */
export const storedSubscriptions = (db: Db, filter: SubscriptionFilter = {}) =>
  db.query<SubscriptionRow>(sql`
    select id, uuid, tenant, owner, name, description, enabled, type_filter as "typeFilter",
           array[type1, type2, type3] as "typeSections", subject_filter as "subjectFilter",
           ttl_minutes as "ttlMinutes", expiry, created, updated, ended, end_reason as "endReason"
    from subscription
    where ${isOneOf(filter)}
    order by name, owner, id`)

/** Names of the subscriptions that have not ended, sorted. */
export const livingSubscriptions = async (db: Db, filter: SubscriptionFilter = {}) =>
  (await storedSubscriptions(db, filter)).filter(({ ended }) => ended === null).map(({ name }) => name)

/** Why subscriptions have ended: null for those that have not. */
export const endReasons = async (db: Db, filter: SubscriptionFilter = {}) =>
  (await storedSubscriptions(db, filter)).map(({ endReason }) => endReason)

/** Ids of the subscriptions with these ids, sorted by the database. */
export async function subscriptionIdsInOrder(db: Db, order: string, ids: readonly number[]): Promise<number[]> {
  const rows = await db.query<{ id: number }>(
    sql`select id from subscription where id = any (${ids}::bigint[]) order by ${sql([order])}`,
  )
  return rows.map(({ id }) => id)
}

/** Whether an import has copied a subscription. False as well where nothing is installed yet. */
export async function hasImportedSubscription(db: Db): Promise<boolean> {
  const [table] = await db.query<{ isThere: boolean }>(
    sql`select to_regclass('imported_subscription') is not null as "isThere"`,
  )
  return table?.isThere === true && (await db.query(sql`select from imported_subscription limit 1`)).length > 0
}
