import { lockRow, zip, type Part } from '../database/model.ts'
import { PARTITIONS } from '../database/schema.ts'
import { serverError } from '../database/server-error.ts'
import type { Transaction } from '../database/tables.ts'

/** The function `lock_owned`, which every function of the core calls first. Waits for those who change an owner. */
export function* lockOwned(tx: Transaction, ownerId: string, ids: readonly number[], epochs: readonly number[]): Part {
  const isOurs = ([id, epoch]: readonly [number, number]) => {
    const row = tx.get(PARTITIONS, String(id))
    return row?.owner === ownerId && row.epoch === epoch
  }
  let locked = 0
  for (const held of zip(ids, epochs)
    .filter(isOurs)
    .sort(([a], [b]) => a - b)) {
    yield* lockRow(PARTITIONS, String(held[0]), 'share')
    if (isOurs(held)) locked += 1
  }
  if (locked !== ids.length) throw serverError('TD001', 'a partition belongs to another process')
}
