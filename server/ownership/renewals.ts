import type { Db } from '../db/db.ts'
import type { AssignedPartitions } from './assigned-partitions.ts'
import { renewEpochs } from './ownership-store.ts'

export interface RenewalsDeps {
  readonly db: Db
  readonly assigned: Pick<AssignedPartitions, 'active' | 'renewed'>
  /** Called when epochs were raised: their partitions are to be read again. */
  readonly onRenewed: () => void
}

/** Epochs that are to be raised, because the outcome of a statement under them is not known. */
export interface Renewals {
  request(partitions: Iterable<number>): void
  /**
   * Raises the epochs that were asked for, of partitions that are still active. Waits for statements under the former
   * ones. Rejects with the database's error; the next run tries it again.
   */
  run(ownerId: string): Promise<void>
}

export function createRenewals({ db, assigned, onRenewed }: RenewalsDeps): Renewals {
  const pending = new Set<number>()

  return {
    request(partitions) {
      for (const id of partitions) pending.add(id)
    },
    async run(ownerId) {
      const active = assigned.active()
      for (const id of pending) if (!active.has(id)) pending.delete(id)
      const mine = [...active].flatMap(([id, epoch]) => (pending.has(id) ? [{ id, epoch }] : []))
      if (mine.length === 0) return
      const renewed = await renewEpochs(db, ownerId, mine)
      for (const { id } of mine) pending.delete(id)
      assigned.renewed(renewed)
      onRenewed()
    },
  }
}
