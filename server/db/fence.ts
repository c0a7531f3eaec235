import pg from 'pg'
import type { Database } from './database.ts'
import type { Db } from './db.ts'
import type { Transaction } from './pg-session.ts'
import { sql } from './sql.ts'

/** The partitions that a process owns, each with the epoch of its take-over or of the last renewal. */
export interface OwnedPartitions {
  readonly ownerId: string
  readonly epochs: ReadonlyMap<number, number>
}

/** What stages need to know about the ownership that this process maintains (ownership/ownership.ts). */
export interface Ownership {
  /** Partitions on which new work may begin: takes, claims, attempts. */
  activePartitions(): OwnedPartitions
  /** Those, and the ones being handed over: outcomes of work that began there may still be written. */
  ownedPartitions(): OwnedPartitions
  /** Whether a request may still go to a socket. The lease counts from before its last renewal, less a second. */
  isLeaseHeld(): boolean
  /** How many dispatchers there were at the last look that may send, this one included. */
  workingDispatchers(): number
}

/** SQLSTATE that lock_owned raises (see the migrations). */
const OWNERSHIP_LOST = 'TD001'

/** Whether a transaction failed because a partition belongs to another process now. */
export const isLostOwnership = (error: unknown) => error instanceof pg.DatabaseError && error.code === OWNERSHIP_LOST

/**
 * Runs `work` in a transaction that commits only if these partitions are still ours. The fencing token is the epoch
 * at which each partition was taken. The fence is the first statement on the wire: it locks the partitions' rows for
 * share, in the order of their ids, so no take-over commits before this transaction ends. If one of them is not ours
 * at its epoch, the transaction is rolled back and this rejects; see `isLostOwnership`.
 *
 * `work` may pipeline: statements that it makes before its first `await` go out together with the fence, without a
 * round trip of their own, and `tx.commit()` may be among them. The server runs them after the fence, and runs none of
 * them if the fence is refused. Nothing is rolled back before `work` has ended, so none of its statements runs outside
 * of the transaction.
 */
export const fencedTransaction = <T>(
  db: Database,
  owned: OwnedPartitions,
  partitions: Iterable<number>,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> =>
  db.transaction(async (tx) => {
    const fence = lockOwned(tx, owned, partitions)
    fence.catch(() => undefined) // awaited below; until then its rejection is not unhandled
    const result = await work(tx)
    await fence
    return result
  })

/** Sends at once. */
async function lockOwned(tx: Db, owned: OwnedPartitions, partitions: Iterable<number>): Promise<void> {
  const fence = fenceOf(owned, partitions)
  await tx.query(sql`select lock_owned(${owned.ownerId}, ${fence.partitions}::smallint[], ${fence.epochs}::bigint[])`)
}

/**
 * What the fence of a statement compares: each of these partitions once, in the order of their ids, and its epoch. One
 * that is not known is -1, which the fence refuses like any other that is not ours.
 */
export function fenceOf(
  { epochs }: OwnedPartitions,
  partitions: Iterable<number>,
): { readonly partitions: readonly number[]; readonly epochs: readonly number[] } {
  const ids = [...new Set(partitions)].sort((a, b) => a - b)
  return { partitions: ids, epochs: ids.map((id) => epochs.get(id) ?? -1) }
}
