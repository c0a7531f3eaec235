import type { DeliveryTarget } from '@tidings/contract/subscription.ts'
import type { Database } from '../db/database.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { ACTIVE } from './active-condition.ts'
import type { NameKey } from './subscription-store.ts'
import { endOtherTargets, putTargets } from './delivery-targets.ts'

/** A change that has passed every check. What is undefined stays as it is. */
export interface CheckedPatch {
  readonly description: string | undefined
  readonly typeFilter: string | undefined
  readonly subjectFilter: string | undefined
  /** All targets that the subscription is to have. No two alike. */
  readonly targets: readonly DeliveryTarget[] | undefined
}

/**
 * Changes a subscription in one transaction and returns whether there is such a subscription. Events dispatched after
 * the commit are matched by the new members; what was matched before is sent to the address that it was matched for.
 * Locks the subscription's row, so concurrent changes run one after the other.
 */
export function patchSubscription(
  database: Database,
  key: NameKey,
  { targets, ...columns }: CheckedPatch,
): Promise<boolean> {
  return database.transaction(async (tx) => {
    const id = await lockForPatch(tx, key)
    if (id === undefined) return false
    await Promise.all([
      updateColumns(tx, id, columns),
      ...(targets === undefined ? [] : [putTargets(tx, id, targets), endOtherTargets(tx, id, targets)]),
      tx.commit(),
    ])
    return true
  })
}

/** Waits for the row's lock, which it holds until the commit. Returns the id; undefined: no such subscription. */
async function lockForPatch(tx: Db, { tenant, owner, name }: NameKey): Promise<number | undefined> {
  const rows = await tx.query<{ id: number }>(sql`
    select id
    from subscription
    where ${ACTIVE} and tenant = ${tenant} and owner = ${owner} and name = ${name}
    for update`)
  return rows[0]?.id
}

/** Reads the clock after the lock was taken, so `updated` never goes back. */
function updateColumns(
  tx: Db,
  id: number,
  { description, typeFilter, subjectFilter }: Omit<CheckedPatch, 'targets'>,
): Promise<unknown> {
  const [type1, type2, type3] = typeFilter?.split('.') ?? []
  return tx.query(sql`
    update subscription
    set description = coalesce(${description ?? null}, description),
        type_filter = coalesce(${typeFilter ?? null}, type_filter),
        type1 = coalesce(${type1 ?? null}, type1),
        type2 = coalesce(${type2 ?? null}, type2),
        type3 = coalesce(${type3 ?? null}, type3),
        subject_filter = coalesce(${subjectFilter ?? null}, subject_filter),
        updated = clock_timestamp()
    where id = ${id}`)
}
