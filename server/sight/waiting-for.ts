/** What a notification waits for. */
export type WaitingFor = 'no_dispatcher' | 'cancelling' | 'behind' | 'sending' | 'retrying' | 'due'

export interface WaitingNotification {
  /** Nothing of its lane goes before it. */
  readonly isFirst: boolean
  /** Its partition has a dispatcher that is alive. */
  readonly isOwned: boolean
  /** Its subscription was deleted. */
  readonly isDeleted: boolean
  /** When the row of its lane says that the first is tried; null: it has no row, all of it is in memory. */
  readonly due: string | null
  /** Both are of the database's clock, ISO texts in UTC with six digits. */
  readonly now: string
}

/** Returns what a notification that is not settled waits for, as far as the tables know it. */
export function waitingFor({ isFirst, isOwned, isDeleted, due, now }: WaitingNotification): WaitingFor {
  if (!isOwned) return 'no_dispatcher'
  if (isDeleted) return 'cancelling'
  if (!isFirst) return 'behind'
  if (due === null) return 'sending'
  return due > now ? 'retrying' : 'due'
}
