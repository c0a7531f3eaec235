import type { DeadLetter } from './store.ts'

/** What the list says of a dead letter. */
export const lineOf = ({ parked, uuid, partition, tenant, kind, type, reason }: DeadLetter) =>
  `${parked.toISOString()}  ${uuid}  partition ${partition}  ${printable(tenant)}  ${printable(type ?? kind)}  ${printable(reason)}`

/** Reasons and tenants may hold what a terminal obeys. */
const printable = (text: string) => text.replaceAll(/\p{Cc}/gu, ' ')
