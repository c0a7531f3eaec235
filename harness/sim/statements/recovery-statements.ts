import { lockRow, lockRowOrSkip, locking, zip, type Model } from '../database/model.ts'
import { EVENTS, REMOVALS, REMOVAL_MEMBERS, SUBSCRIPTIONS, placeKey, type SubscriptionRow } from '../database/schema.ts'
import type { Transaction } from '../database/tables.ts'

/** Told when a transaction ends subscriptions because of these events, before it has committed. */
export type OnRemoved = (subscriptionId: number, position: number) => void

/** The statements of server/recovery/subject-removal.ts and reaper.ts, and what they call in server/subscriptions. */
export const recoveryStatements = (onRemoved: OnRemoved): readonly Model[] => [
  locking<[]>('lockReady', 'where unsettled <= 0', function* (tx) {
    const locked: { position: number }[] = []
    const ready = tx.all(REMOVALS).filter(({ unsettled }) => unsettled <= 0)
    for (const { position } of ready.sort((a, b) => a.position - b.position)) {
      if (locked.length === 100) break
      if (!(yield* lockRowOrSkip(REMOVALS, String(position)))) continue
      const row = tx.get(REMOVALS, String(position))
      if (row && row.unsettled <= 0) locked.push({ position })
    }
    return locked
  }),
  locking<[positions: number[], limit: number]>(
    'takeMembers',
    'delete from subject_removal_member',
    function* (tx, positions, limit) {
      const found = tx
        .all(REMOVAL_MEMBERS)
        .filter(({ position }) => positions.includes(position))
        .sort((a, b) => a.position - b.position || a.subscriptionId - b.subscriptionId)
        .slice(0, limit)
      const taken: { position: number; id: number }[] = []
      for (const { position, subscriptionId } of found) {
        const key = `${position} ${subscriptionId}`
        yield* lockRow(REMOVAL_MEMBERS, key)
        if (!tx.get(REMOVAL_MEMBERS, key)) continue
        tx.remove(REMOVAL_MEMBERS, key)
        taken.push({ position, id: subscriptionId })
      }
      return taken
    },
  ),
  locking<[positions: number[]]>('deleteRemovals', 'delete from subject_removal\n', function* (tx, positions) {
    for (const position of positions.filter((one) => tx.get(REMOVALS, String(one)))) {
      yield* lockRow(REMOVALS, String(position))
      if (tx.get(REMOVALS, String(position))) tx.remove(REMOVALS, String(position))
    }
    return []
  }),
  locking<[positions: number[], ids: number[]]>(
    'endMatchingSubject',
    "end_reason = 'subject'\n  from locked",
    function* (tx, positions, ids) {
      const members = zip(positions, ids)
        .map(([position, id]) => ({ position, id, subject: subjectOf(tx, position) }))
        .filter(({ id, subject }) => mayEnd(tx.get(SUBSCRIPTIONS, String(id)), subject))
        .sort((a, b) => a.id - b.id)
      for (const { position, id, subject } of members) {
        yield* lockRow(SUBSCRIPTIONS, String(id))
        const row = tx.get(SUBSCRIPTIONS, String(id))
        if (!row || !mayEnd(row, subject)) continue
        tx.put(SUBSCRIPTIONS, { ...row, ended: row.ended ?? tx.startedAt, endReason: 'subject' })
        onRemoved(id, position)
      }
      return []
    },
  ),
  locking<[limit: number]>(
    'endExpiredSkippingLocked',
    'where ended is null and expiry <= now()\n      order by id',
    function* (tx, limit) {
      const isOver = (row: SubscriptionRow | undefined) =>
        row !== undefined && row.ended === null && row.expiry !== null && row.expiry <= tx.startedAt
      const ended: { id: number }[] = []
      for (const { id } of tx.all(SUBSCRIPTIONS).filter(isOver)) {
        if (ended.length === limit) break
        if (!(yield* lockRowOrSkip(SUBSCRIPTIONS, String(id)))) continue
        const row = tx.get(SUBSCRIPTIONS, String(id))
        if (!row || !isOver(row)) continue
        tx.put(SUBSCRIPTIONS, { ...row, ended: tx.startedAt, endReason: 'expired' })
        ended.push({ id })
      }
      return ended
    },
  ),
]

function subjectOf(tx: Transaction, position: number): string | undefined {
  const removal = tx.get(REMOVALS, String(position))
  return removal && (tx.get(EVENTS, placeKey(removal.partition, position))?.subject ?? undefined)
}

const mayEnd = (row: SubscriptionRow | undefined, subject: string | undefined) =>
  row !== undefined &&
  (row.ended === null || row.endReason === 'expired') &&
  row.subjectFilter === (subject ?? row.subjectFilter)
