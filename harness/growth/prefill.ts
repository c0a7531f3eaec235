import { randomUUID } from 'node:crypto'
import { createDatabase, type Database } from '@tidings/server/db/database.ts'
import type { Db } from '@tidings/server/db/db.ts'
import { hashKey } from '@tidings/server/db/hash-key.ts'
import { openInstallation } from '@tidings/server/db/installation.ts'
import { migrate } from '@tidings/server/db/migrate.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { createLog } from '@tidings/server/log.ts'
import { partitionOf } from '@tidings/server/publish/record.ts'
import {
  copySubscriptions,
  insertCopiedTargets,
  type CopiedSubscription,
} from '@tidings/server/subscriptions/copy-subscriptions.ts'
import { seriesName, SOURCE } from '../bench/load/event-template.ts'
import { CALLER } from '../bench/systems/tidings.ts'
import type { Setting } from './growth-tables.ts'

/** Of all events, where not each series has a subject of its own. */
export const SUBJECT = 'growth'
/** Of which the settled notifications are. */
const FORMER_SERIES = 100_000
const FORMER_TEXT_BYTES = 300
const ROWS_PER_STATEMENT = 5000
const EVENTS_PER_STATEMENT = 200_000
const WEEK_MS = 7 * 86_400_000
const STATEMENT_LIMIT_MS = 1_200_000

/**
 * Makes a database what the service would have left there, with all that a setting wants stored: migrated and opened
 * as at a start, subscriptions by the statements of the import, the rest in bulk. Then it is analyzed, as autovacuum
 * would, and the rows are counted. `addressOf`: of the endpoints of the matching subscriptions. Throws if a count is
 * not right.
 */
export async function prefill(url: string, setting: Setting, addressOf: (index: number) => string): Promise<void> {
  const schema = await migrate(url)
  const db = openDatabase(url, schema)
  try {
    await openInstallation(db, { partitions: setting.partitions, brokerKind: 'database' })
    await fillSubscriptions(db, setting, addressOf)
    await fillSeries(db, setting)
    if (setting.settled > 0) await fillSettled(db, setting)
    await db.query(sql`vacuum (analyze) subscription, delivery_target, series, event, dispatched, notification`)
    await db.query(sql`checkpoint`)
    await checkCounts(db, setting)
  } finally {
    await db.close()
  }
}

/** Takes away what a measurement has left of events, so that each begins with the same. No service may run. */
export async function removeMeasured(url: string, { settled }: Setting): Promise<void> {
  const db = openDatabase(url, await migrate(url))
  try {
    // Settled rows are many, and what a measurement adds to them is little.
    if (settled > 0) return
    await db.query(sql`truncate event, dispatched, notification, attempt, lane`)
  } finally {
    await db.close()
  }
}

/** Returns whether all partitions have an owner, and so many owners have them in equal parts. */
export async function isSharedBy(url: string, dispatchers: number): Promise<boolean> {
  const db = openDatabase(url, await migrate(url))
  try {
    const owners = await db.query<{ owner: string | null; partitions: number }>(
      sql`select owner, count(*) as partitions from partition group by owner`,
    )
    const parts = owners.map(({ partitions }) => partitions)
    const isFree = owners.some(({ owner }) => owner === null)
    return !isFree && owners.length === dispatchers && Math.max(...parts) - Math.min(...parts) <= 1
  } finally {
    await db.close()
  }
}

const openDatabase = (url: string, schema: string): Database =>
  createDatabase({
    url: () => url,
    schema,
    name: 'growth',
    maxConnections: 1,
    statementTimeoutMs: STATEMENT_LIMIT_MS,
    answerTimeoutMs: STATEMENT_LIMIT_MS,
    log: createLog({ level: 'error' }),
  })

interface PlannedSubscription {
  readonly typeFilter: string
  readonly subjectFilter: string
  readonly address: string
}

async function fillSubscriptions(db: Db, setting: Setting, addressOf: (index: number) => string): Promise<void> {
  let rows: PlannedSubscription[] = []
  let stored = 0
  const flush = async () => {
    await storeSubscriptions(db, rows, stored)
    stored += rows.length
    rows = []
  }
  for (const planned of plannedSubscriptions(setting, addressOf)) {
    rows.push(planned)
    if (rows.length === ROWS_PER_STATEMENT) await flush()
  }
  await flush()
}

function* plannedSubscriptions(setting: Setting, addressOf: (index: number) => string): Generator<PlannedSubscription> {
  const { matches, matchesBy, otherSubjects, otherTypes, series, hasSubscriptionPerSeries } = setting
  const other = (index: number) => `https://portal.example.org/hooks/${index}`
  if (hasSubscriptionPerSeries)
    for (let index = 0; index < series; index += 1)
      yield { typeFilter: 'jobs.*.*', subjectFilter: seriesName(index), address: addressOf(0) }
  else
    for (let index = 0; index < matches; index += 1)
      yield {
        typeFilter: 'jobs.*.*',
        subjectFilter: matchesBy === 'subject' ? SUBJECT : '*',
        address: addressOf(index),
      }
  for (let index = 0; index < otherSubjects; index += 1)
    yield { typeFilter: 'jobs.*.*', subjectFilter: `other-${index}`, address: other(index) }
  for (let index = 0; index < otherTypes; index += 1)
    yield { typeFilter: `jobs.OTHER_${index}.*`, subjectFilter: '*', address: other(index) }
}

/** `from`: how many there are, for their names. */
async function storeSubscriptions(db: Db, planned: readonly PlannedSubscription[], from: number): Promise<void> {
  const now = Date.now()
  const created = new Date(now).toISOString()
  const rows = planned.map(({ typeFilter, subjectFilter }, index): CopiedSubscription => ({
    uuid: randomUUID(),
    tenant: CALLER.tenant,
    owner: CALLER.user,
    name: `growth-${from + index}`,
    description: null,
    enabled: true,
    typeFilter,
    subjectFilter,
    ttlMinutes: WEEK_MS / 60_000,
    expiry: new Date(now + WEEK_MS).toISOString(),
    created,
    updated: created,
  }))
  const ids = new Map((await copySubscriptions(db, rows)).map(({ id, uuid }) => [uuid, id]))
  await insertCopiedTargets(
    db,
    planned.flatMap(({ address }, index) => {
      const subscriptionId = ids.get(rows[index]?.uuid ?? '')
      return subscriptionId === undefined ? [] : [{ subscriptionId, ordinal: 0, method: 'WEBHOOK', address }]
    }),
  )
}

/** Counters of series that have had an event before. */
async function fillSeries(db: Db, { series, partitions, hasSubscriptionPerSeries }: Setting): Promise<void> {
  const names = Array.from({ length: series }, (_, index) => seriesName(index))
  const keys = names.map((name) => hashKey(CALLER.tenant, SOURCE, hasSubscriptionPerSeries ? name : SUBJECT, name))
  await db.query(sql`
    insert into series (series_key, partition, last_number)
    select series_key, partition, 1
    from unnest(${keys}::uuid[], ${keys.map((key) => partitionOf(key, partitions))}::smallint[])
      as live (series_key, partition)`)
}

/** Events of the last hours that are dispatched, each with one notification that was delivered at once. */
async function fillSettled(db: Db, { settled, partitions }: Setting): Promise<void> {
  await db.query(sql`set synchronous_commit = off`)
  for (let from = 0; from < settled; from += EVENTS_PER_STATEMENT)
    await db.query(sql`
      with former as materialized (
        select n, md5('former series ' || n % ${FORMER_SERIES})::uuid as series_key,
               nextval('event_position') as position,
               now() - interval '6 hours' + n * interval '5 hours' / ${settled}::float8 as received
        from generate_series(${from}::integer, ${Math.min(settled, from + EVENTS_PER_STATEMENT) - 1}::integer) as n
      ), placed as materialized (
        select *, (('x' || left(series_key::text, 8))::bit(32)::bigint % ${partitions}::integer)::smallint as partition
        from former
      ), stored as (
        insert into event (partition, position, uuid, kind, format, tenant, series_key, type1, type2, type3, subject,
                           received, body, seq_offset, body_bytes)
        select partition, position, gen_random_uuid(), 'event', 1, ${CALLER.tenant}, series_key, 'jobs',
               'JOB_NEW_STATUS', 'RUNNING', ${SUBJECT}, received, repeat('x', ${FORMER_TEXT_BYTES}::integer), 0,
               ${FORMER_TEXT_BYTES}::integer
        from placed
      ), known as (
        insert into dispatched (partition, position, number, dispatched)
        select partition, position, 1 + n / ${FORMER_SERIES}, received from placed
      )
      insert into notification (target_id, lane_series, position, partition, number, created, state, attempts,
                                http_status, settled)
      select (select min(id) from delivery_target), series_key, position, partition, 1 + n / ${FORMER_SERIES},
             received, 'delivered', 1, 200, received + interval '10 ms'
      from placed`)
  await db.query(sql`
    insert into series (series_key, partition, last_number, used)
    select lane_series, partition, max(number), max(created) from notification group by lane_series, partition`)
  await db.query(sql`
    update partition_cursor
    set position = last.position, settled_below = last.position
    from (select partition, max(position) as position from event group by partition) as last
    where partition_cursor.partition = last.partition`)
}

async function checkCounts(db: Db, setting: Setting): Promise<void> {
  const { matches, otherSubjects, otherTypes, series, hasSubscriptionPerSeries, settled } = setting
  const subscriptions = (hasSubscriptionPerSeries ? series : matches) + otherSubjects + otherTypes
  const expected = {
    subscription: subscriptions,
    delivery_target: subscriptions,
    series: series + Math.min(settled, FORMER_SERIES),
    event: settled,
    dispatched: settled,
    notification: settled,
  }
  const [found] = await db.query<typeof expected>(sql`
    select (select count(*) from subscription) as subscription,
           (select count(*) from delivery_target) as delivery_target,
           (select count(*) from series) as series,
           (select count(*) from event) as event,
           (select count(*) from dispatched) as dispatched,
           (select count(*) from notification where settled is not null) as notification`)
  const [is, should] = [JSON.stringify(found), JSON.stringify(expected)]
  if (is !== should) throw new Error(`${setting.name}: there is ${is} instead of ${should}`)
}
