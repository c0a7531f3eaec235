import type { Subscription } from '@tidings/contract/subscription.ts'
import type { Db } from '../../db/db.ts'
import { sql, type Sql } from '../../db/sql.ts'
import { rowColumns, subscriptionOf, type SubscriptionRow } from '../../subscriptions/subscription-store.ts'

/**
 * For target addresses and what belongs to them. One subscription can have a megabyte of them, so a number of rows
 * alone bounds little.
 */
const MAX_BYTES = 1024 * 1024
const BYTES_PER_TARGET = 100

export interface LoadedRows {
  readonly subscriptions: readonly Subscription[]
  /** Ids that did not fit. */
  readonly left: readonly number[]
}

/**
 * Reads the subscriptions of these ids, in this order: the first one, and those after it while their targets together
 * stay below a megabyte. A subscription that has ended since the ids were found is returned as it was; one that was
 * removed is skipped.
 */
export async function loadRows(
  db: Db,
  ids: readonly number[],
  { withTargets }: { readonly withTargets: boolean },
): Promise<LoadedRows> {
  if (ids.length === 0) return { subscriptions: [], left: [] }
  const rows = await db.query<SubscriptionRow & { readonly place: number }>(sql`
    select ${rowColumns({ withTargets })}, place
    from (${withTargets ? inBounds(ids) : wanted(ids)}) as wanted
    join subscription on subscription.id = wanted.wanted_id
    order by place`)
  const last = rows.at(-1)?.place ?? ids.length
  return {
    subscriptions: rows.map(({ place, ...row }) => subscriptionOf(row)),
    left: withTargets ? ids.slice(last) : [],
  }
}

const wanted = (ids: readonly number[]): Sql =>
  sql`select wanted_id, place from unnest(${ids}::bigint[]) with ordinality as given (wanted_id, place)`

/** The ids before which there is less than the maximum of one read. */
const inBounds = (ids: readonly number[]): Sql => sql`
  select wanted_id, place
  from (
    select wanted_id, place, sum(bytes) over (order by place) - bytes as bytes_before
    from (${wanted(ids)}) as given
    cross join lateral (
      select coalesce(sum(octet_length(address) + ${BYTES_PER_TARGET}::integer), 0) as bytes
      from delivery_target
      where subscription_id = wanted_id and delivery_target.ended is null) as targets) as weighed
  where bytes_before < ${MAX_BYTES}::integer`
