import { queryOn } from '../bench/servers/bench-postgres.ts'

/** What a database has done for a load, for each notification. It depends on no clock, and little on the machine. */
export interface DatabaseWork {
  /** Pages of tables and indexes that were looked at, in memory or not. */
  readonly pages: number
  /** Of the write-ahead log, of the whole server. */
  readonly walBytes: number
  /** Whole pages in it, each because it was changed for the first time since a checkpoint. */
  readonly fullPages: number
  /** Pages and rows read of each table, its indexes included: to find out what grows. */
  readonly tables: readonly { readonly table: string; readonly pages: number; readonly rows: number }[]
}

export interface BegunWork {
  /** Reads the counters. The service must have stopped: its sessions tell what they have done with a delay. */
  end(): Promise<DatabaseWork>
}

/** Counts from here on. What was done in the second before may be counted as well. */
export async function beginWork(url: string): Promise<BegunWork> {
  await queryOn(url, 'select pg_stat_reset()')
  const before = await walWritten(url)
  return {
    async end() {
      const after = await walWritten(url)
      const read = await queryOn<{ table: string; inserted: string; pages: string; rows: string }>(
        url,
        `select relname as table, n_tup_ins as inserted,
                heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0) as pages,
                seq_tup_read + coalesce(
                  (select sum(idx_tup_read) from pg_stat_user_indexes where relid = moved.relid), 0) as rows
         from pg_stat_user_tables as moved join pg_statio_user_tables as read using (relid, relname)
         order by relname`,
      )
      const notifications = Math.max(1, Number(read.find(({ table }) => table === 'notification')?.inserted ?? 0))
      const tables = read.map(({ table, pages, rows }) => ({
        table,
        pages: Number(pages) / notifications,
        rows: Number(rows) / notifications,
      }))
      return {
        pages: tables.reduce((sum, { pages }) => sum + pages, 0),
        walBytes: (after.bytes - before.bytes) / notifications,
        fullPages: (after.fullPages - before.fullPages) / notifications,
        tables: tables.filter(({ pages }) => pages > 0),
      }
    },
  }
}

async function walWritten(url: string): Promise<{ readonly bytes: number; readonly fullPages: number }> {
  const [row] = await queryOn<{ bytes: string; fullPages: string }>(
    url,
    `select pg_current_wal_lsn() - '0/0'::pg_lsn as bytes, wal_fpi as "fullPages" from pg_stat_wal`,
  )
  return { bytes: Number(row?.bytes ?? NaN), fullPages: Number(row?.fullPages ?? NaN) }
}
