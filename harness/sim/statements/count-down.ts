import { lockRow, lockVersion, nextStatement, type Part } from '../database/model.ts'
import { REMOVALS } from '../database/schema.ts'
import type { Transaction } from '../database/tables.ts'

/** The function `count_down_removals`. `positions`: one for each notification that was settled. */
export function* countDown(tx: Transaction, positions: readonly number[]): Part {
  const counts = new Map<number, number>()
  for (const position of positions) counts.set(position, (counts.get(position) ?? 0) + 1)
  const removalsOf = (position: number) => tx.get(REMOVALS, String(position)) ?? []
  for (const { position } of [...counts.keys()].sort((a, b) => a - b).flatMap(removalsOf))
    yield* lockRow(REMOVALS, String(position))
  yield* nextStatement()
  for (const row of [...counts.keys()].flatMap(removalsOf))
    if (yield* lockVersion(tx, REMOVALS, row))
      tx.put(REMOVALS, { ...row, unsettled: row.unsettled - (counts.get(row.position) ?? 0) })
}
