import { randomUUID } from 'node:crypto'
import { sql } from '@tidings/server/db/sql.ts'
import pg from 'pg'
import { createTestDatabase, type TestDatabase } from './test-database.ts'

/** A row of the original's subscriptions; instants without zone, as it stores them. */
export interface TapisSubscriptionRow {
  readonly tenant: string
  readonly owner: string
  readonly name: string
  readonly description: string | null
  readonly enabled: boolean
  readonly type_filter: string
  readonly subject_filter: string
  readonly delivery_targets: unknown
  readonly ttlminutes: number
  readonly uuid: string
  readonly expiry: string | null
  readonly created: string
  readonly updated: string
}

/** A row of the original's counters. */
export interface TapisSeriesRow {
  readonly tenant: string
  readonly source: string
  readonly subject: string
  readonly series_id: string
  readonly seq_count: number | string
}

/** The database of a Tapis Notifications service, as it leaves it. */
export interface TapisSource {
  readonly url: string
  /** What is not given is made up. Returns the row. */
  add(row?: Partial<TapisSubscriptionRow>): Promise<TapisSubscriptionRow>
  /** So many at once, alike but for name and uuid. */
  addMany(count: number, options?: { readonly owner?: string; readonly description?: string }): Promise<void>
  /** How far a series has come; what is not given is made up. */
  addSeries(row?: Partial<TapisSeriesRow>): Promise<TapisSeriesRow>
  query(statement: pg.QueryConfig): Promise<pg.QueryResultRow[]>
  /** Every row of every table. */
  dump(): Promise<unknown>
  drop(): Promise<void>
}

const TABLES = [
  'subscriptions',
  'notifications',
  'notifications_recovery',
  'notifications_last_event',
  'notifications_tests',
  'event_series',
]

/** Made from the table definitions of protocol 6.10. */
const DEFINITIONS = (schema: string) => `
  create schema if not exists ${schema};
  set search_path = ${schema};
  create table subscriptions (
    seq_id serial primary key, tenant text not null, owner text not null, name text not null,
    description text, enabled boolean not null default true, type_filter text not null,
    type_filter1 text not null, type_filter2 text not null, type_filter3 text not null,
    subject_filter text not null, delivery_targets jsonb not null, ttlminutes integer not null default -1,
    uuid uuid not null, expiry timestamp, created timestamp not null default (now() at time zone 'utc'),
    updated timestamp not null default (now() at time zone 'utc'), unique (tenant, owner, name));
  create table notifications (
    seq_id serial primary key, subscr_seq_id integer references subscriptions (seq_id) on delete cascade,
    uuid uuid not null, tenant text not null, subscr_name text not null, delivery_method text,
    delivery_address text, event_uuid uuid not null, event jsonb not null,
    bucket_number integer not null default 0, created timestamp not null default (now() at time zone 'utc'));
  create table notifications_recovery (
    like notifications including defaults, attempt_count integer not null default 0, last_attempt timestamp,
    updated timestamp);
  create table notifications_last_event (bucket_number integer primary key, event_uuid uuid not null);
  create table notifications_tests (
    seq_id serial primary key, subscr_seq_id integer references subscriptions (seq_id) on delete cascade,
    tenant text not null, owner text not null, subscr_name text not null,
    notification_count integer not null default 0, notifications jsonb not null,
    start_count integer not null default 0, created timestamp, updated timestamp,
    unique (tenant, owner, subscr_name));
  create table event_series (
    tenant text not null, source text not null, subject text not null, series_id text not null,
    seq_count bigint not null, created timestamp, updated timestamp,
    primary key (tenant, source, subject, series_id))`

interface TapisSourceOptions {
  readonly schema?: string
  /** Where its subscriptions deliver to. */
  readonly address?: string
  /** A database that it shares with others, and that is not its own to drop. */
  readonly db?: TestDatabase
}

/** A source for imports. */
export async function createTapisSource({
  schema = 'tapis_ntf',
  address = 'https://portal.example.org/hooks/jobs',
  db,
}: TapisSourceOptions = {}): Promise<TapisSource> {
  const database = db ?? (await createTestDatabase({ isEmpty: true, maxConnections: 1 }))
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(DEFINITIONS(schema))
  const rowsOf = async (statement: pg.QueryConfig) => (await client.query<pg.QueryResultRow>(statement)).rows

  return {
    url: database.url,
    async add(given = {}) {
      const row = { ...madeUp(address), ...given }
      const [first, second, third] = row.type_filter.split('.')
      await rowsOf(sql`
        insert into subscriptions (tenant, owner, name, description, enabled, type_filter, type_filter1, type_filter2,
        type_filter3, subject_filter,
                                   delivery_targets, ttlminutes, uuid, expiry, created, updated)
        values (${row.tenant}, ${row.owner}, ${row.name}, ${row.description}, ${row.enabled}, ${row.type_filter},
        ${first ?? ''}, ${second ?? ''}, ${third ?? ''},
                ${row.subject_filter}, ${JSON.stringify(row.delivery_targets)}, ${row.ttlminutes}, ${row.uuid},
                ${row.expiry}, ${row.created}, ${row.updated})`)
      return row
    },
    async addMany(count, { owner = 'jdoe', description = '' } = {}) {
      await rowsOf(sql`
        insert into subscriptions (tenant, owner, name, description, type_filter, type_filter1, type_filter2,
        type_filter3, subject_filter, delivery_targets, uuid)
        select 'dev', ${owner}, 'many-' || number, ${description}, 'jobs.*.*', 'jobs', '*', '*', 'job-' || number,
               jsonb_build_array(jsonb_build_object('deliveryMethod', 'WEBHOOK', 'deliveryAddress',
               ${address}::text || '?' || number),
                                 jsonb_build_object('deliveryMethod', 'EMAIL', 'deliveryAddress',
                                 number || '@example.org')), gen_random_uuid()
        from generate_series(1, ${count}::integer) as number`)
    },
    async addSeries(given = {}) {
      const job = randomUUID()
      const row = {
        tenant: 'dev',
        source: 'https://tapis.io/jobs',
        subject: job,
        series_id: job,
        seq_count: 1,
        ...given,
      }
      await rowsOf(
        sql`insert into event_series (tenant, source, subject, series_id, seq_count)
          values (${row.tenant}, ${row.source}, ${row.subject}, ${row.series_id}, ${row.seq_count})`,
      )
      return row
    },
    query: rowsOf,
    async dump() {
      const tables: unknown[] = []
      for (const table of TABLES) tables.push(await rowsOf({ text: `select * from ${table} order by 1` }))
      return tables
    },
    async drop() {
      await client.end()
      if (!db) await database.drop()
    },
  }
}

const madeUp = (address: string): TapisSubscriptionRow => ({
  tenant: 'dev',
  owner: 'jdoe',
  name: `jobs~jdoe~dev~${randomUUID()}`,
  description: null,
  enabled: true,
  type_filter: 'jobs.JOB_NEW_STATUS.*',
  subject_filter: '*',
  delivery_targets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: address }],
  ttlminutes: 0,
  uuid: randomUUID(),
  expiry: null,
  created: '2024-03-15 15:11:23.947827',
  updated: '2024-03-16 01:02:03.5',
})
