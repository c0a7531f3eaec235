import pg from 'pg'
import type { Db } from './database.ts'
import { sql } from './sql.ts'

/** What a process holds: partitions, each with the epoch at which it took it. */
export interface Holding {
  readonly ownerId: string
  readonly epochs: ReadonlyMap<number, number>
}

/** What stages have to know of the ownership that this process keeps (ownership/ownership.ts). */
export interface Held {
  /** What new work may begin on: takes, claims, attempts. */
  holding(): Holding
  /** That, and what is being handed over: outcomes of what was begun there may still be written. */
  settling(): Holding
  /** Whether a request may still be handed to a socket: the lease, counted from before its last renewal, less a second. */
  isLeaseHeld(): boolean
}

/** SQLSTATE that lock_owned raises (see the migrations). */
const LOST = 'TD001'

/** Whether a transaction failed because a partition belongs to another process now. */
export const isLostOwnership = (error: unknown) => error instanceof pg.DatabaseError && error.code === LOST

/**
 * The first statement of every dispatch and settle transaction: locks the rows of these partitions for share, in the
 * order of their ids, so that no take-over commits before this transaction ends. Fails the transaction when one of them
 * is not ours at the epoch that we took it at; see `isLostOwnership`.
 */
export async function lockOwned(tx: Db, { ownerId, epochs }: Holding, partitions: Iterable<number>): Promise<void> {
  const ids = [...new Set(partitions)]
  await tx.query(sql`select lock_owned(${ownerId}, ${ids}::smallint[], ${ids.map((id) => epochs.get(id) ?? -1)}::bigint[])`)
}
