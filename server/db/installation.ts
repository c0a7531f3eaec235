import type { Database } from './database.ts'
import type { Db } from './db.ts'
import { sql } from './sql.ts'
import { UnusableDatabase } from './unusable-database.ts'

/** With RabbitMQ each additional queue makes the grouped messages smaller. */
const DEFAULT_PARTITIONS = { database: 32, rabbitmq: 8 } as const
const MIN_SERVER_VERSION = 150_000

export interface InstallationSettings {
  /** Undefined: what the database has, or the default for a new one. */
  readonly partitions: number | undefined
  readonly brokerKind: 'database' | 'rabbitmq'
}

export interface Installation {
  /** Part of the names of its queues. */
  readonly id: string
  readonly partitions: number
}

/**
 * Fixes the number of partitions when the database is new; afterwards a process with another number is rejected. The
 * broker is the database until `switchToRabbitMq`. Throws `UnusableDatabase`.
 */
export async function openInstallation(
  db: Database,
  { partitions, brokerKind }: InstallationSettings,
): Promise<Installation> {
  const found = await db.transaction(async (tx) => {
    await tx.query(sql`
      insert into installation (partition_count, broker_kind)
      values (${partitions ?? DEFAULT_PARTITIONS[brokerKind]}, 'database')
      on conflict do nothing`)
    const [row] = await tx.query<InstallationRow>(sql`
      select id, partition_count as partitions, broker_kind as "brokerKind",
             broker_kind = 'database' and ${brokerKind} = 'rabbitmq' and ${HAS_UNDISPATCHED} as "isStuck"
      from installation
      for update`)
    if (!row) throw new Error('the installation row is missing')
    await tx.query(
      sql`insert into partition (id) select generate_series(0, ${row.partitions} - 1) on conflict do nothing`,
    )
    await tx.query(sql`insert into partition_cursor (partition) select id from partition on conflict do nothing`)
    return row
  })
  const reasons: string[] = []
  if (partitions !== undefined && partitions !== found.partitions)
    reasons.push(
      `it has ${found.partitions} partitions, but TIDINGS_PARTITIONS is ${partitions}; the number is fixed when the ` +
        `database is first created; set ${found.partitions} or leave it unset`,
    )
  if (found.isStuck) reasons.push(UNDISPATCHED_TEXT)
  if (found.brokerKind === 'rabbitmq' && brokerKind === 'database')
    reasons.push('its broker is RabbitMQ, but BROKER_URL is not set; set it, events may be waiting in the queues')
  if (reasons.length > 0) throw new UnusableDatabase(reasons)
  return { id: found.id, partitions: found.partitions }
}

interface InstallationRow extends Installation {
  readonly brokerKind: InstallationSettings['brokerKind']
  readonly isStuck: boolean
}

/** Whether records in the inbox are not dispatched yet. */
const HAS_UNDISPATCHED = sql`exists (
  select from partition_cursor
  join event on event.partition = partition_cursor.partition and event.position > partition_cursor.position)`

const UNDISPATCHED_TEXT =
  'its broker is the database, and events are waiting there; start without BROKER_URL until all are dispatched, ' +
  'then stop every process and start with it'

/**
 * Makes RabbitMQ the broker for good: nothing here could tell whether its queues are empty. Call it only after RabbitMQ
 * has accepted this service, so that a wrong BROKER_URL decides nothing. Throws `UnusableDatabase` when records wait in
 * the inbox.
 */
export async function switchToRabbitMq(db: Db): Promise<void> {
  const changed = await db.query(sql`
    update installation
    set broker_kind = 'rabbitmq'
    where broker_kind = 'rabbitmq' or not ${HAS_UNDISPATCHED}
    returning id`)
  if (changed.length === 0) throw new UnusableDatabase([UNDISPATCHED_TEXT])
}

/** Throws `UnusableDatabase` for a database that would lose what it has confirmed. */
export async function checkDurability(db: Database): Promise<void> {
  const [row] = await db.query<{ version: number; fsync: string; pages: string; commit: string; encoding: string }>(sql`
    select current_setting('server_version_num')::integer as version, current_setting('fsync') as fsync,
           current_setting('full_page_writes') as pages, current_setting('synchronous_commit') as commit,
           current_setting('server_encoding') as encoding`)
  if (!row) throw new Error('the database returned no settings')
  const reasons: string[] = []
  if (row.version < MIN_SERVER_VERSION) reasons.push('it is older than PostgreSQL 15; use 15 or newer')
  if (row.fsync !== 'on') reasons.push('fsync is off: it can lose what it has confirmed; turn it on')
  if (row.pages !== 'on') reasons.push('full_page_writes is off: it can lose what it has confirmed; turn it on')
  if (row.encoding !== 'UTF8')
    reasons.push(`its encoding is ${row.encoding}, which cannot hold every event: create it with encoding 'UTF8'`)
  if (row.commit === 'off') reasons.push('synchronous_commit is off: it can lose what it has confirmed; turn it on')
  if (reasons.length > 0) throw new UnusableDatabase(reasons)
}
