import type pg from 'pg'
import { sql } from '../db/sql.ts'
import { UnusableSource } from './unusable-source.ts'

/** The schema in which the original creates its tables. */
export const USUAL_SCHEMA = 'tapis_ntf'

/** The tables of the original and the columns that an import reads (protocol 6.10). */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  subscriptions: [
    'seq_id',
    'tenant',
    'owner',
    'name',
    'description',
    'enabled',
    'type_filter',
    'type_filter1',
    'type_filter2',
    'type_filter3',
    'subject_filter',
    'delivery_targets',
    'ttlminutes',
    'uuid',
    'expiry',
    'created',
    'updated',
  ],
  notifications: [],
  notifications_recovery: [],
}

/** The counters of the series, which the original has since 1.6.2. */
const SERIES = { table: 'event_series', columns: ['tenant', 'source', 'subject', 'series_id', 'seq_count'] } as const

export interface SourceSchema {
  readonly name: string
  readonly hasSeries: boolean
}

/**
 * Finds the schema with the original's tables and makes it the search path of the transaction: the named one, or else
 * the usual one, or else the one that the account's search path leads to. Throws an `UnusableSource` that names
 * everything that is missing.
 */
export async function findSchema(client: pg.Client, named: string | undefined): Promise<SourceSchema> {
  const found =
    named === undefined
      ? ((await schemaOf(client, USUAL_SCHEMA)) ?? (await schemaOf(client)))
      : await schemaOf(client, named)
  if (found === undefined) {
    const where =
      named === undefined
        ? `neither in the schema ${USUAL_SCHEMA} nor in the search path`
        : `not in the schema ${named}`
    throw new UnusableSource(`the table subscriptions is ${where}${await hint(client)}`)
  }
  await client.query(sql`select set_config('search_path', quote_ident(${found}), true)`)
  const there = await tablesAndColumnsOf(client, found)
  const hasSeries = there.has(SERIES.table)
  const wanted = { ...TABLES, ...(hasSeries ? { [SERIES.table]: SERIES.columns } : {}) }
  const missing = Object.entries(wanted)
    .flatMap(([table, columns]) => [table, ...columns.map((column) => `${table}.${column}`)])
    .filter((part) => !there.has(part))
  if (missing.length > 0)
    throw new UnusableSource(`the schema ${found} is not one of Tapis Notifications; missing: ${missing.join(', ')}`)
  return { name: found, hasSeries }
}

async function schemaOf(client: pg.Client, schema?: string): Promise<string | undefined> {
  const table = schema === undefined ? sql`'subscriptions'` : sql`quote_ident(${schema}) || '.subscriptions'`
  const { rows } = await client.query<{ name: string }>(sql`
    select nspname as name
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where pg_class.oid = to_regclass(${table})`)
  return rows[0]?.name
}

async function hint(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(sql`
    select nspname as name
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relname = 'subscriptions' and relkind in ('r', 'p', 'v', 'm')
    order by nspname
    limit 10`)
  return rows.length === 0
    ? '; no schema of this database has one'
    : `; there is one in: ${rows.map(({ name }) => name).join(', ')} (--schema)`
}

/** Returns the tables and columns of a schema, as `table` and `table.column`. */
async function tablesAndColumnsOf(client: pg.Client, schema: string): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string }>(sql`
    select relname as name
    from pg_class
    where relnamespace = quote_ident(${schema})::regnamespace
    union all
    select relname || '.' || attname
    from pg_class join pg_attribute on attrelid = pg_class.oid
    where relnamespace = quote_ident(${schema})::regnamespace and relname in ('subscriptions', ${SERIES.table})
      and attnum > 0 and not attisdropped`)
  return new Set(rows.map(({ name }) => name))
}
