import type { Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import type { TakenRecord } from '../broker/broker.ts'

/** Last number of each of these series. No lock: only the owner of its partition writes a series. */
export async function readCounters(tx: Db, records: readonly TakenRecord[]): Promise<Map<string, number>> {
  const keys = new Set(records.flatMap((record) => record.seriesKey ?? []))
  if (keys.size === 0) return new Map()
  const rows = await tx.query<{ key: string; number: number }>(sql`
    select series_key as key, last_number as number
    from series
    where series_key = any (${[...keys]}::uuid[])`)
  return new Map(rows.map((row) => [row.key, row.number]))
}

/** Writes the counters after a batch; the counter of an ended series goes. */
export async function saveCounters(tx: Db, counters: ReadonlyMap<string, number | null>, records: readonly TakenRecord[]): Promise<void> {
  const partitions = new Map(records.flatMap((record) => (record.seriesKey === null ? [] : [[record.seriesKey, record.partition] as const])))
  const going = [...counters].filter(([, number]) => number !== null)
  const ended = [...counters].filter(([, number]) => number === null).map(([key]) => key)
  await Promise.all([going.length > 0 && upsertCounters(tx, going, partitions), ended.length > 0 && deleteCounters(tx, ended)])
}

const upsertCounters = (tx: Db, going: readonly (readonly [string, number | null])[], partitions: ReadonlyMap<string, number>) => tx.query(sql`
  insert into series (series_key, partition, last_number)
  select * from unnest(${going.map(([key]) => key)}::uuid[], ${going.map(([key]) => partitions.get(key))}::smallint[], ${going.map(([, number]) => number)}::bigint[])
  on conflict (series_key) do update
  set last_number = excluded.last_number, used = now()`)

const deleteCounters = (tx: Db, ended: readonly string[]) => tx.query(sql`
  delete from series
  where series_key = any (${ended}::uuid[])`)
