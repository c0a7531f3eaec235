import { lockVersion, locking, nextStatement, type Model, type Part } from '../database/model.ts'
import { NOTIFICATIONS, notificationKey, type NotificationRow } from '../database/schema.ts'
import type { Transaction } from '../database/tables.ts'
import { countDown } from './count-down.ts'
import { lockOwned } from './fence.ts'

type SettleValues = [
  ownerId: string,
  partitions: number[],
  epochs: number[],
  targetIds: number[],
  laneSeries: string[],
  positions: number[],
  states: NotificationRow['state'][],
  attempts: (number | null)[],
  httpStatuses: (number | null)[],
  removalPositions: number[],
]

/** The function `settle_notifications`. The attempts that it records are for people: nothing reads them. */
export const settleNotifications: Model = locking<SettleValues>(
  'settle_notifications',
  'settle_notifications(',
  function* (tx, ...values) {
    const [ownerId, partitions, epochs, targetIds, laneSeries, positions, states, attempts] = values
    yield* lockOwned(tx, ownerId, partitions, epochs)
    yield* nextStatement()
    const keys = targetIds.map((id, at) => notificationKey(id, laneSeries[at] ?? '', positions[at] ?? -1))
    const ends = keys.map((key, at) => ({ key, state: states[at] ?? 'waiting', attempts: attempts[at] ?? null }))
    const settled = yield* settleThese(tx, ends)
    yield* nextStatement()
    yield* countDown(
      tx,
      settled.filter((position) => values[9].includes(position)),
    )
    return [{ settled: settled.length }]
  },
)

export interface End {
  /** Of the notification. */
  readonly key: string
  readonly state: NotificationRow['state']
  /** Null: as they are. */
  readonly attempts: number | null
}

/** Settles those of them that are not, in one statement; one that another transaction is at is left to it. */
export function* settleThese(tx: Transaction, ends: readonly End[]): Part<number[]> {
  const found = ends.flatMap((end) => {
    const row = tx.get(NOTIFICATIONS, end.key)
    return row?.settled === null ? [{ ...end, row }] : []
  })
  const settled: number[] = []
  for (const { row, state, attempts } of found) {
    if (!(yield* lockVersion(tx, NOTIFICATIONS, row))) continue
    tx.put(NOTIFICATIONS, { ...row, state, attempts: attempts ?? row.attempts, settled: tx.startedAt })
    settled.push(row.position)
  }
  return settled
}
