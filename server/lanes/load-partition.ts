import type { Db } from '../db/db.ts'
import { required } from '../runtime/required.ts'
import { readFanOuts } from './fan-out.ts'
import type { LaneMemory } from './lane-memory.ts'
import { readCursors, readUnsettled } from './looks.ts'
import type { PartitionLanes } from './lane-model.ts'
import type { TargetCache } from './target-cache.ts'

const ROWS_PER_READ = 10_000

export interface LoadPartitionDeps {
  readonly db: Db
  readonly memory: Pick<LaneMemory, 'loaded'>
  readonly targets: Pick<TargetCache, 'load'>
  readonly clock: () => number
}

/**
 * Reads into memory what waits in the hot lanes of a partition: what is not settled behind its watermark, and whose
 * lane has no row; and its fan-outs. Nothing may settle in it meanwhile. Returns whether it is open now; something may
 * have happened to it. Rejects with the database's error.
 */
export async function loadPartition(
  { db, memory, targets, clock }: LoadPartitionDeps,
  home: PartitionLanes,
): Promise<boolean> {
  const askedAt = clock()
  const [found] = await readCursors(db, [home.partition])
  const { cursor, settledBelow } = required(found, 'the cursor of a partition')
  const fanOuts = await readFanOuts(db, [{ partition: home.partition, after: 0 }])
  const rows = await readAllUnsettled(db, home.partition, settledBelow)
  const hot = rows.flatMap(({ targetId, isCold }) => (isCold ? [] : [targetId]))
  const known = await targets.load(hot)
  if (home.state !== 'loading') return false
  memory.loaded(home, rows, { cursor, fanOuts, targets: known, askedAt })
  return true
}

async function readAllUnsettled(db: Db, partition: number, settledBelow: number) {
  const rows: Awaited<ReturnType<typeof readUnsettled>> = []
  let after = settledBelow
  for (;;) {
    const read = await readUnsettled(db, partition, after, ROWS_PER_READ)
    for (const row of read) rows.push(row)
    if (read.length < ROWS_PER_READ) return rows
    after = required(read.at(-1), 'the last row').position
  }
}
