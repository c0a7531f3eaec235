import type pg from 'pg'
import { MAX_BODY_BYTES } from '@tidings/contract/body-limit.ts'
import { openClient } from '../db/pg-client.ts'
import { sql } from '../db/sql.ts'
import { findSchema, type SourceSchema } from './source-schema.ts'
import type { SourceRow } from './source-row.ts'
import { declareSeries, type SeriesRow } from './source-series.ts'
import { toUnusableSource } from './unusable-source.ts'

const CONNECT_LIMIT_MS = 10_000
const STATEMENT_LIMIT_MS = 600_000
const ROWS_PER_FETCH = 250
const SERIES_ROWS_PER_FETCH = 1000

export interface Undelivered {
  readonly inDelivery: number
  readonly inRecovery: number
}

/** A snapshot of the database of a Tapis Notifications service. */
export interface ImportSource {
  readonly schema: string
  /** Reads every subscription, in the order of creation, in batches. */
  batches(): AsyncIterable<readonly SourceRow[]>
  /** An older original keeps no counters of series. */
  readonly hasSeries: boolean
  /** Reads every counter of a series, in batches. Not while the subscriptions are being read. */
  seriesBatches(): AsyncIterable<readonly SeriesRow[]>
  /** Counts the notifications that the original has not delivered yet. */
  undelivered(): Promise<Undelivered>
  close(): Promise<void>
}

/**
 * Opens one connection and on it one read-only transaction of one snapshot. Throws an `UnusableSource`. Sends no
 * session settings when it connects, so a connection pooler in between works.
 */
export async function openSource(url: string, schema: string | undefined): Promise<ImportSource> {
  const client = await openClient(url, { name: 'tidings import', isPlain: true, connectMs: CONNECT_LIMIT_MS }).catch(
    (error: unknown) => {
      throw toUnusableSource(error)
    },
  )
  try {
    await beginReading(client)
    return createImportSource(client, await findSchema(client, schema))
  } catch (error) {
    await client.end()
    throw toUnusableSource(error)
  }
}

/** Lifts limits that operators set for services: this transaction is long, and idle while the target writes. */
async function beginReading(client: pg.Client): Promise<void> {
  await client.query('begin isolation level repeatable read read only')
  await client.query(sql`
    select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true),
           set_config('idle_in_transaction_session_timeout', '0', true),
           set_config('statement_timeout', ${String(STATEMENT_LIMIT_MS)}, true)`)
}

function createImportSource(client: pg.Client, { name: schema, hasSeries }: SourceSchema): ImportSource {
  async function rowsOf<Row extends object>(statement: pg.QueryConfig): Promise<Row[]> {
    try {
      return (await client.query<Row>(statement)).rows
    } catch (error) {
      throw toUnusableSource(error)
    }
  }

  async function* read<Row extends object>(
    declaration: pg.QueryConfig,
    cursor: string,
    perFetch: number,
  ): AsyncGenerator<readonly Row[]> {
    await rowsOf(declaration)
    for (;;) {
      const rows = await rowsOf<Row>({ text: `fetch ${perFetch} from ${cursor}` })
      if (rows.length > 0) yield rows
      if (rows.length < perFetch) return
    }
  }

  return {
    schema,
    hasSeries,
    batches: () => read<SourceRow>(declareSubscriptions(), 'subscriptions_cursor', ROWS_PER_FETCH),
    seriesBatches: () => read<SeriesRow>(declareSeries(), 'series_cursor', SERIES_ROWS_PER_FETCH),
    async undelivered() {
      const [row] = await rowsOf<{ inDelivery: string; inRecovery: string }>(sql`
        select (select count(*) from notifications) as "inDelivery",
               (select count(*) from notifications_recovery) as "inRecovery"`)
      return { inDelivery: Number(row?.inDelivery), inRecovery: Number(row?.inRecovery) }
    },
    close: () => client.end(),
  }
}

/**
 * Declares the cursor. The original stores UTC without a time zone. A missing value becomes an empty text, which fails
 * the checks. Targets of more bytes than a request body may have did not come over its API, and must not fill the heap.
 */
const declareSubscriptions = () => sql`
  declare subscriptions_cursor no scroll cursor for
  select coalesce(tenant, '') as tenant, coalesce(owner, '') as owner, coalesce(name, '') as name, description, enabled,
         coalesce(type_filter, '') as "typeFilter", array[type_filter1, type_filter2, type_filter3] as "typeSections",
         coalesce(subject_filter, '') as "subjectFilter",
         case when octet_length(delivery_targets::text) <= ${MAX_BODY_BYTES} then delivery_targets end
           as "deliveryTargets",
         ttlminutes as "ttlMinutes", coalesce(uuid::text, '') as uuid, (expiry at time zone 'UTC')::text as expiry,
         (created at time zone 'UTC')::text as created, (updated at time zone 'UTC')::text as updated,
         coalesce(expiry <= now() at time zone 'UTC', false) as "isExpired", shared.uuid is not null as "sharesUuid"
  from subscriptions
  left join (select uuid from subscriptions group by uuid having count(*) > 1) as shared using (uuid)
  order by seq_id`
