import { PARTITIONS, type PartitionRow } from '../database/schema.ts'
import type { Tables, Write } from '../database/tables.ts'
import type { Findings } from './findings.ts'

/** What only the owner of a partition writes: the fence is to refuse everybody else. */
const FENCED: ReadonlySet<string> = new Set(['lane', 'notification', 'partition_cursor', 'dispatched', 'fan_out'])

/** Judges a transaction in the moment of its commit. `who`: the process and the pool. */
export function judgeCommit(tables: Tables, findings: Findings, who: string, writes: readonly Write[]): void {
  const [process = ''] = who.split(' ')
  const taken = new Map(
    writes
      .filter(({ table }) => table.name === PARTITIONS.name)
      .map(({ row }) => row as PartitionRow)
      .map(({ id, owner }) => [id, owner]),
  )
  const partitions = new Set(writes.filter(({ table }) => FENCED.has(table.name)).map(partitionOf))
  for (const partition of partitions) {
    const owner = taken.get(partition) ?? tables.get(PARTITIONS, String(partition))?.owner
    if (!owner?.startsWith(`${process}#`))
      findings.report('fence', `${who} writes into partition ${partition}, which is ${owner}'s`)
  }
}

function partitionOf({ row, before }: Write): number {
  const written = row ?? before
  if (!written || !('partition' in written)) throw new Error('a fenced row has a partition')
  return Number(written.partition)
}
