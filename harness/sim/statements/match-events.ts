import { SUBSCRIPTIONS, TARGETS, type EventRow, type RemovalMemberRow, type TargetRow } from '../database/schema.ts'
import type { Transaction } from '../database/tables.ts'

export interface Match {
  readonly event: EventRow
  readonly number: number
  readonly laneSeries: string
  readonly target: TargetRow
}

/** The targets of an event in the present snapshot. */
export function matchesOf(tx: Transaction, event: EventRow, number: number): Match[] {
  const received = Math.min(event.received, tx.startedAt)
  return tx
    .all(SUBSCRIPTIONS)
    .filter(
      (one) =>
        one.tenant === event.tenant &&
        one.enabled &&
        (one.ended === null || one.endReason === 'expired') &&
        (one.subjectFilter === '*' || one.subjectFilter === event.subject) &&
        one.type.every((section, at) => section === '*' || section === event.type[at]) &&
        (one.expiry === null || one.expiry > received),
    )
    .flatMap((one) => tx.scan(TARGETS, String(one.id)).filter(({ ended }) => ended === null))
    .map((target) => ({ event, number, laneSeries: event.seriesKey ?? event.uuid, target }))
}

/** The subscriptions that this event removes once it is settled. */
export const membersOf = (tx: Transaction, { tenant, subject, position }: EventRow): RemovalMemberRow[] =>
  tx
    .all(SUBSCRIPTIONS)
    .filter((one) => one.tenant === tenant && one.subjectFilter === subject && subject !== '*' && one.ended === null)
    .map(({ id }) => ({ position, subscriptionId: id }))
