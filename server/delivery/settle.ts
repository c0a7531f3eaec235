import type { Database } from '../db/database.ts'
import { lockOwned, type Holding } from '../db/fence.ts'
import type { LaneKey } from './lane.ts'
import { countDownRemovals } from './removal.ts'
import { cancelLanes, delayHeads, insertAttempts, lockLanes, settleHeads, type Settlement } from './settle-store.ts'

/**
 * Writes the outcomes of many lanes in one transaction. Fenced; locks the lanes in key order. Doing it again after an
 * unknown outcome is harmless: only what is still the head of its lane is touched. `countsDown`: positions of events that
 * remove subscriptions; without them all of it is one round trip.
 */
export async function settleGroup(db: Database, holding: Holding, group: readonly Settlement[], countsDown: ReadonlySet<number>): Promise<void> {
  const final = group.filter((one) => one.kind !== 'retry')
  const retried = group.filter((one) => one.kind === 'retry')
  const failed = group.filter((one) => one.reason !== null)
  await db.transaction(async (tx) => {
    const [, , settled] = await Promise.all([
      lockOwned(tx, holding, group.map((one) => one.partition)),
      lockLanes(tx, group),
      final.length > 0 ? settleHeads(tx, final) : [],
      retried.length > 0 && delayHeads(tx, retried),
      failed.length > 0 && insertAttempts(tx, failed),
      countsDown.size === 0 && tx.commit(),
    ])
    if (countsDown.size > 0) await countDownRemovals(tx, positionsOf(settled).filter((position) => countsDown.has(position)))
  })
}

/** Cancels what waits in lanes of deleted subscriptions. Fenced, and in the same lock order. */
export async function cancelGroup(db: Database, holding: Holding, lanes: readonly (LaneKey & { partition: number })[]): Promise<void> {
  await db.transaction(async (tx) => {
    const [, , cancelled] = await Promise.all([lockOwned(tx, holding, lanes.map((lane) => lane.partition)), lockLanes(tx, lanes), cancelLanes(tx, lanes)])
    await countDownRemovals(tx, positionsOf(cancelled))
  })
}

const positionsOf = (rows: readonly { position: number }[]) => rows.map((row) => row.position)
