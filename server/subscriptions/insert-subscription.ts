import { randomUUID } from 'node:crypto'
import type { DeliveryTarget } from '@tidings/contract/subscription.ts'
import type { Database } from '../db/database.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { putTargets } from './delivery-targets.ts'
import { waitAndFreeExpiredName } from './end-expired.ts'
import { expiryAfter } from './ttl.ts'

/** How many generated names may be taken before `createSubscription` gives up. */
const NAME_TRIES = 100

/** A subscription that has passed every check. */
export interface CheckedSubscription {
  readonly tenant: string
  readonly owner: string
  readonly description: string | null
  readonly isEnabled: boolean
  readonly typeFilter: string
  readonly subjectFilter: string
  readonly ttlMinutes: number
  /** No two alike. */
  readonly targets: readonly DeliveryTarget[]
}

/**
 * Inserts a subscription and its targets in one transaction, under the given name or under the first free one that
 * `name()` generates. Returns the name, or undefined when it is taken. Concurrent requests for one name wait for each
 * other at the insert, where the unique index decides.
 */
export function createSubscription(
  database: Database,
  subscription: CheckedSubscription,
  name: string | (() => string),
): Promise<string | undefined> {
  return database.transaction(async (tx) => {
    const tries = typeof name === 'string' ? 1 : NAME_TRIES
    for (let tried = 0; tried < tries; tried += 1) {
      const candidate = typeof name === 'string' ? name : name()
      if ((await insertWithTargets(tx, subscription, candidate)) !== undefined) return candidate
    }
    return undefined
  })
}

/**
 * Inserts a subscription with its targets. Returns its id, or undefined when the name is taken. An expired subscription
 * of that name is ended first, so its name is free; this waits for the lock of its row.
 */
export async function insertWithTargets(
  tx: Db,
  subscription: CheckedSubscription,
  name: string,
): Promise<number | undefined> {
  await waitAndFreeExpiredName(tx, { ...subscription, name })
  const id = await insertRow(tx, subscription, name)
  if (id !== undefined) await putTargets(tx, id, subscription.targets)
  return id
}

async function insertRow(
  tx: Db,
  { tenant, owner, description, isEnabled, typeFilter, subjectFilter, ttlMinutes }: CheckedSubscription,
  name: string,
): Promise<number | undefined> {
  const [type1, type2, type3] = typeFilter.split('.')
  const rows = await tx.query<{ id: number }>(sql`
    insert into subscription
      (uuid, tenant, owner, name, description, enabled, type_filter, type1, type2, type3, subject_filter, ttl_minutes,
       expiry)
    values (${randomUUID()}, ${tenant}, ${owner}, ${name}, ${description}, ${isEnabled},
            ${typeFilter}, ${type1}, ${type2}, ${type3}, ${subjectFilter}, ${ttlMinutes}, ${expiryAfter(ttlMinutes)})
    on conflict (tenant, owner, name) where ended is null do nothing
    returning id`)
  return rows[0]?.id
}
