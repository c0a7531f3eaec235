import { randomUUID } from 'node:crypto'
import type { DeliveryTarget } from '@tidings/contract/subscription.ts'
import type { Database, Db } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { NameKey } from './store.ts'
import { putTargets } from './targets.ts'
import { expiryAfter } from './ttl.ts'

/** How often a generated name may be taken before we give up. */
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
 * Writes a subscription and its targets in one transaction, under the given name, or under the first free one that
 * `name()` makes up. Answers the name, or undefined when it is taken: the unique index decides between requests of the
 * same moment, which wait for each other at the insert.
 */
export function createSubscription(database: Database, subscription: CheckedSubscription, name: string | (() => string)): Promise<string | undefined> {
  return database.transaction(async (tx) => {
    const tries = typeof name === 'string' ? 1 : NAME_TRIES
    for (let tried = 0; tried < tries; tried += 1) {
      const candidate = typeof name === 'string' ? name : name()
      if ((await insertWhole(tx, subscription, candidate)) !== undefined) return candidate
    }
    return undefined
  })
}

/** A subscription with its targets. Answers its id, or undefined when the name is taken. */
export async function insertWhole(tx: Db, subscription: CheckedSubscription, name: string): Promise<number | undefined> {
  await endExpired(tx, { ...subscription, name })
  const id = await insertSubscription(tx, subscription, name)
  if (id !== undefined) await putTargets(tx, id, subscription.targets)
  return id
}

/** Frees the name of a subscription whose time is over but which the reaper has not met yet. Locks its row. */
const endExpired = (tx: Db, { tenant, owner, name }: NameKey) => tx.query(sql`
  update subscription
  set ended = now(), end_reason = 'expired'
  where tenant = ${tenant} and owner = ${owner} and name = ${name} and ended is null and expiry <= now()`)

async function insertSubscription(tx: Db, { tenant, owner, description, isEnabled, typeFilter, subjectFilter, ttlMinutes }: CheckedSubscription, name: string): Promise<number | undefined> {
  const [type1, type2, type3] = typeFilter.split('.')
  const rows = await tx.query<{ id: number }>(sql`
    insert into subscription (uuid, tenant, owner, name, description, enabled, type_filter, type1, type2, type3, subject_filter, ttl_minutes, expiry)
    values (${randomUUID()}, ${tenant}, ${owner}, ${name}, ${description}, ${isEnabled}, ${typeFilter}, ${type1}, ${type2}, ${type3},
            ${subjectFilter}, ${ttlMinutes}, ${expiryAfter(ttlMinutes)})
    on conflict (tenant, owner, name) where ended is null do nothing
    returning id`)
  return rows[0]?.id
}
