import { hashKey } from '@tidings/server/db/hash-key.ts'
import { CURSORS, PARTITIONS, SUBSCRIPTIONS, TARGETS } from '../database/schema.ts'
import { EPOCH_MS, type DatabaseServer } from '../database/server.ts'
import type { Plan } from './plan.ts'

const keys = new Map<string, string>()

/** As server/subscriptions/delivery-targets.ts makes it. */
function addressKeyOf(address: string): string {
  const known = keys.get(address) ?? hashKey('WEBHOOK', address)
  keys.set(address, known)
  return known
}

export const OWNER = 'somebody'

/** Fills the tables as they are when the first process starts. */
export function insertInitialRows({ tables, reserve }: DatabaseServer, plan: Plan): void {
  for (let id = 0; id < plan.partitions; id += 1) {
    tables.put(PARTITIONS, { id, owner: null, epoch: 0, format: 1 })
    tables.put(CURSORS, { partition: id, position: 0, settledBelow: 0 })
  }
  for (const { tenant, name, subjectFilter, type, addresses, expiresAtMs } of plan.subscriptions) {
    const id = reserve('subscription')
    tables.put(SUBSCRIPTIONS, {
      id,
      tenant,
      owner: OWNER,
      name,
      enabled: true,
      type: ['*', '*', type ?? '*'],
      subjectFilter,
      expiry: expiresAtMs === undefined ? null : EPOCH_MS + expiresAtMs,
      ended: null,
      endReason: null,
      endedXid: null,
    })
    for (const address of addresses)
      tables.put(TARGETS, {
        id: reserve('delivery_target'),
        subscriptionId: id,
        method: 'WEBHOOK',
        address,
        addressKey: addressKeyOf(address),
        ended: null,
      })
  }
}
