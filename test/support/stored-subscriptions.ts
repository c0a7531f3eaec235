import type { Database } from '@tidings/server/db/database.ts'
import { sql } from '@tidings/server/db/sql.ts'

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
export async function store(db: Database, rows: readonly StoredSubscription[]): Promise<void> {
  const column = <Name extends keyof StoredSubscription>(name: Name) => rows.map((row) => row[name])
  await db.query(sql`
    insert into subscription (tenant, owner, name, description, type_filter, type1, type2, type3, subject_filter, ttl_minutes, enabled, uuid, expiry, created, updated)
    select tenant, owner, name, description, type_filter, split_part(type_filter, '.', 1), split_part(type_filter, '.', 2), split_part(type_filter, '.', 3),
           subject_filter, ttl_minutes, enabled, uuid, expiry, created, updated
    from unnest(${column('tenant')}::text[], ${column('owner')}::text[], ${column('name')}::text[], ${column('description')}::text[], ${column('typeFilter')}::text[],
                ${column('subjectFilter')}::text[], ${column('ttlMinutes')}::integer[], ${column('enabled')}::boolean[], ${column('uuid')}::uuid[],
                ${column('expiry')}::timestamptz[], ${column('created')}::timestamptz[], ${column('updated')}::timestamptz[])
      as given (tenant, owner, name, description, type_filter, subject_filter, ttl_minutes, enabled, uuid, expiry, created, updated)`)
}

/** Writes so many of one owner, one after the other, each with one webhook and a description of so many characters. */
export async function storeMany(db: Database, { count, owner, characters = 0 }: { count: number; owner: string; characters?: number }): Promise<void> {
  await db.query(sql`
    with made as (
      insert into subscription (tenant, owner, name, description, type_filter, type1, type2, type3, subject_filter, ttl_minutes, enabled, uuid, created)
      select 'dev', ${owner}, ${owner} || lpad(number::text, 6, '0'), repeat('x', ${characters}), 'jobs.*.*', 'jobs', '*', '*', 'job-' || number, 0, true,
             gen_random_uuid(), now() + number * interval '1 ms'
      from generate_series(1, ${count}::integer) as number
      returning id)
    insert into delivery_target (subscription_id, ordinal, method, address, address_key)
    select id, 0, 'WEBHOOK', 'http://127.0.0.1:9/' || id, gen_random_uuid()
    from made`)
}
