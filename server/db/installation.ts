import type { Database, Db } from './database.ts'
import { sql } from './sql.ts'
import { UnusableDatabase } from './unusable-database.ts'

/** With RabbitMQ every queue more makes the grouped messages smaller. */
const DEFAULT_PARTITIONS = { database: 32, rabbitmq: 8 } as const
const LEAST_SERVER_VERSION = 150_000

export interface InstallationWish {
  /** Undefined: whatever the database has, or the default when it is new. */
  readonly partitions: number | undefined
  readonly brokerKind: 'database' | 'rabbitmq'
}

export interface Installation {
  /** In the names of its queues. */
  readonly id: string
  readonly partitions: number
}

/**
 * Decides once, when the database is new, how many partitions there are; afterwards a process that is configured otherwise
 * is refused. Which broker it has is decided by `useRabbitMq`, or else it is the database. Throws `UnusableDatabase`.
 */
export async function openInstallation(db: Database, { partitions, brokerKind }: InstallationWish): Promise<Installation> {
  const found = await db.transaction(async (tx) => {
    await tx.query(sql`
      insert into installation (partition_count, broker_kind)
      values (${partitions ?? DEFAULT_PARTITIONS[brokerKind]}, 'database')
      on conflict do nothing`)
    const [row] = await tx.query<Found>(sql`
      select id, partition_count as partitions, broker_kind as "brokerKind",
             broker_kind = 'database' and ${brokerKind} = 'rabbitmq' and ${SOMETHING_WAITS} as "isStuck"
      from installation
      for update`)
    if (!row) throw new Error('the installation row is missing')
    await tx.query(sql`insert into partition (id) select generate_series(0, ${row.partitions} - 1) on conflict do nothing`)
    await tx.query(sql`insert into partition_cursor (partition) select id from partition on conflict do nothing`)
    return row
  })
  const faults: string[] = []
  if (partitions !== undefined && partitions !== found.partitions) faults.push(`it has ${found.partitions} partitions, TIDINGS_PARTITIONS says ${partitions}; the number is fixed when the database is first created; set ${found.partitions} or leave it unset`)
  if (found.isStuck) faults.push(EVENTS_WAIT)
  if (found.brokerKind === 'rabbitmq' && brokerKind === 'database') faults.push('its broker is RabbitMQ, and BROKER_URL is not set; set it, for events may wait in the queues')
  if (faults.length > 0) throw new UnusableDatabase(faults)
  return { id: found.id, partitions: found.partitions }
}

interface Found extends Installation {
  readonly brokerKind: InstallationWish['brokerKind']
  readonly isStuck: boolean
}

/** A record is in the inbox and not dispatched. */
const SOMETHING_WAITS = sql`exists (
  select from partition_cursor
  join event on event.partition = partition_cursor.partition and event.position > partition_cursor.position)`

const EVENTS_WAIT = 'its broker is the database, and events wait there; start without BROKER_URL until all are dispatched, then stop every process and start with it'

/**
 * From now on, and for good, the broker is RabbitMQ: nobody could tell from here whether its queues are empty. To be called
 * when RabbitMQ has not refused this service, so that a wrong BROKER_URL decides nothing. Throws `UnusableDatabase` when
 * records wait in the inbox.
 */
export async function useRabbitMq(db: Db): Promise<void> {
  const changed = await db.query(sql`
    update installation
    set broker_kind = 'rabbitmq'
    where broker_kind = 'rabbitmq' or not ${SOMETHING_WAITS}
    returning id`)
  if (changed.length === 0) throw new UnusableDatabase([EVENTS_WAIT])
}

/** Refuses a database that would lose what it has confirmed. */
export async function checkDurability(db: Database): Promise<void> {
  const [row] = await db.query<{ version: number; fsync: string; pages: string; commit: string; encoding: string }>(sql`
    select current_setting('server_version_num')::integer as version, current_setting('fsync') as fsync,
           current_setting('full_page_writes') as pages, current_setting('synchronous_commit') as commit, current_setting('server_encoding') as encoding`)
  if (!row) throw new Error('the database does not tell its settings')
  const faults: string[] = []
  if (row.version < LEAST_SERVER_VERSION) faults.push('it is older than PostgreSQL 15; use 15 or newer')
  if (row.fsync !== 'on') faults.push('fsync is off: it loses what it has confirmed; switch it on')
  if (row.pages !== 'on') faults.push('full_page_writes is off: it loses what it has confirmed; switch it on')
  if (row.encoding !== 'UTF8') faults.push(`its encoding is ${row.encoding}, which cannot hold every event: make it with encoding 'UTF8'`)
  if (row.commit === 'off') faults.push('synchronous_commit is off: it loses what it has confirmed; switch it on')
  if (faults.length > 0) throw new UnusableDatabase(faults)
}
