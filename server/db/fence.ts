import pg from 'pg'

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

/** SQLSTATE of lock_owned, which the functions that owners of partitions write with call first (see the migrations). */
const OWNERSHIP_LOST = 'TD001'

/** Whether a statement failed, and did nothing, because a partition belongs to another process now. */
export const isLostOwnership = (error: unknown) => error instanceof pg.DatabaseError && error.code === OWNERSHIP_LOST

/**
 * What the fence of a statement compares: each of these partitions once, in the order of their ids, and the fencing
 * token, which is the epoch at which it was taken. One that is not known is -1, which the fence refuses like any other
 * that is not ours. The fence locks the partitions' rows for share, so no take-over commits before the statement ends.
 */
export function fenceOf(
  { epochs }: OwnedPartitions,
  partitions: Iterable<number>,
): { readonly partitions: readonly number[]; readonly epochs: readonly number[] } {
  const ids = [...new Set(partitions)].sort((a, b) => a - b)
  return { partitions: ids, epochs: ids.map((id) => epochs.get(id) ?? -1) }
}
