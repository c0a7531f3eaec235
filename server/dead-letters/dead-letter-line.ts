import type { DeadLetter } from './dead-letter-store.ts'

/** Formats a dead letter as a line of the list. */
export const deadLetterLine = ({ parked, uuid, partition, tenant, kind, type, reason }: DeadLetter) =>
  [parked.toISOString(), uuid, `partition ${partition}`, ...[tenant, type ?? kind, reason].map(printable)].join('  ')

/** Removes control characters, which a terminal would obey. */
const printable = (text: string) => text.replaceAll(/\p{Cc}/gu, ' ')
