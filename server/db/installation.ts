import type { Database } from './database.ts'
import { UnusableDatabase } from './migrate.ts'
import { sql } from './sql.ts'

const DEFAULT_PARTITIONS = 32
const LEAST_SERVER_VERSION = 150_000

export interface InstallationWish {
  /** Undefined: whatever the database has, or the default when it is new. */
  readonly partitions: number | undefined
  readonly brokerKind: 'database' | 'rabbitmq'
}

/**
 * Decides once, when the database is new, how many partitions there are and which kind of broker; afterwards a process
 * that is configured otherwise is refused. Answers the number of partitions. Throws `UnusableDatabase`.
 */
export async function openInstallation(db: Database, { partitions, brokerKind }: InstallationWish): Promise<number> {
  const found = await db.transaction(async (tx) => {
    await tx.query(sql`
      insert into installation (partition_count, broker_kind)
      values (${partitions ?? DEFAULT_PARTITIONS}, ${brokerKind})
      on conflict do nothing`)
    const [row] = await tx.query<{ partitions: number; brokerKind: string }>(sql`
      select partition_count as partitions, broker_kind as "brokerKind"
      from installation
      for update`)
    if (!row) throw new Error('the installation row is missing')
    await tx.query(sql`insert into partition (id) select generate_series(0, ${row.partitions} - 1) on conflict do nothing`)
    await tx.query(sql`insert into partition_cursor (partition) select id from partition on conflict do nothing`)
    return row
  })
  const faults: string[] = []
  if (partitions !== undefined && partitions !== found.partitions) faults.push(`it has ${found.partitions} partitions, TIDINGS_PARTITIONS says ${partitions}; the number is fixed when the database is first created`)
  if (found.brokerKind !== brokerKind) faults.push(`its broker is ${found.brokerKind}, this process is configured for ${brokerKind}`)
  if (faults.length > 0) throw new UnusableDatabase(faults)
  return found.partitions
}

/** Refuses a database that would lose what it has confirmed. */
export async function checkDurability(db: Database): Promise<void> {
  const [row] = await db.query<{ version: number; fsync: string; pages: string; commit: string }>(sql`
    select current_setting('server_version_num')::integer as version, current_setting('fsync') as fsync,
           current_setting('full_page_writes') as pages, current_setting('synchronous_commit') as commit`)
  if (!row) throw new Error('the database does not tell its settings')
  const faults: string[] = []
  if (row.version < LEAST_SERVER_VERSION) faults.push('it is older than PostgreSQL 15')
  if (row.fsync !== 'on') faults.push('fsync is off: it loses what it has confirmed')
  if (row.pages !== 'on') faults.push('full_page_writes is off: it loses what it has confirmed')
  if (row.commit === 'off') faults.push('synchronous_commit is off: it loses what it has confirmed')
  if (faults.length > 0) throw new UnusableDatabase(faults)
}
