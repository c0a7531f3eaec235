import type { StatusReport } from '@tidings/contract/sight.ts'
import { instantText } from '@tidings/contract/event-text.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { MAX_COUNTED } from './event-look.ts'
import { instant, isOwned } from './event-row.ts'
import { targetName } from './target-name.ts'

/** Lanes that are read for one status. */
const MAX_LANES = 20_000
/** Addresses of the status, those with the most lanes. */
const MAX_ADDRESSES = 100
/** That a lane waits at most in the count. */
const MAX_OF_LANE = 20

interface PartitionRow {
  readonly partition: number
  readonly dispatcher: string | null
  readonly isOwned: boolean
  readonly behind: number
  readonly oldest: string | null
}

interface AddressRow {
  readonly tenant: string
  readonly method: string
  readonly address: string
  readonly addressKey: string
  readonly lanes: number
  readonly waiting: number
  readonly oldest: string | null
  readonly nextTry: string | null
  readonly lastFailure: string | null
  readonly now: string
}

/** Returns how the installation does. Reads every row of `lane`, up to a bound: for the background. */
export async function readStatus(db: Db): Promise<StatusReport> {
  const [partitions, addresses, [summary]] = await Promise.all([
    db.query<PartitionRow>(PARTITIONS),
    db.query<AddressRow>(ADDRESSES),
    db.query<{ now: string; lanes: number }>(sql`
      select ${instant(sql`now()`)} as now,
             (select count(*)::integer from (select from lane limit ${MAX_LANES}) as some_lanes) as lanes`),
  ])
  return {
    asOf: instantText(summary?.now ?? new Date().toISOString()),
    partitions: partitions.map(({ oldest, ...row }) => ({ ...row, oldest: textOf(oldest) })),
    tenants: tenantsOf(addresses),
    targets: addresses.map((row) => ({
      tenant: row.tenant,
      target: targetName(row, '', undefined),
      coldLanes: row.lanes,
      waiting: row.waiting,
      oldest: textOf(row.oldest),
      lastFailure: row.lastFailure,
      nextTry: textOf(row.nextTry),
    })),
    isComplete: addresses.length < MAX_ADDRESSES && (summary?.lanes ?? 0) < MAX_LANES,
  }
}

const PARTITIONS = sql`
  select cursor.partition, owner.address as dispatcher, ${isOwned(sql`cursor.partition`)} as "isOwned",
         lag.behind, ${instant(sql`lag.oldest`)} as oldest
  from partition_cursor as cursor
  left join partition as held on held.id = cursor.partition
  left join dispatcher as owner on owner.id = held.owner
  cross join lateral (
    select count(*)::integer as behind, min(received) as oldest
    from (
      select received from event
      where event.partition = cursor.partition and event.position > cursor.position
      order by event.position
      limit ${MAX_COUNTED}) as next) as lag
  order by cursor.partition`

const ADDRESSES = sql`
  with cold as materialized (select * from lane limit ${MAX_LANES}),
  counted as (
    select owned.tenant, cold.address_key, cold.method, min(cold.target_id) as target_id, count(*)::integer as lanes,
           sum(inside.waiting)::integer as waiting, min(inside.oldest) as oldest, min(cold.due) as next_try
    from cold
    cross join lateral (
      select count(*) as waiting, min(created) as oldest
      from (
        select created from notification
        where notification.target_id = cold.target_id and notification.lane_series = cold.lane_series
          and notification.position >= cold.head_position and notification.settled is null
        order by notification.position
        limit ${MAX_OF_LANE}) as some_of_it) as inside
    cross join lateral (
      select subscription_id from delivery_target where delivery_target.id = cold.target_id limit 1) as target
    cross join lateral (
      select tenant from subscription where subscription.id = target.subscription_id limit 1) as owned
    group by 1, 2, 3
    order by waiting desc
    limit ${MAX_ADDRESSES})
  select counted.tenant, counted.method, target.address, counted.address_key as "addressKey", counted.lanes,
         counted.waiting, ${instant(sql`counted.oldest`)} as oldest, ${instant(sql`counted.next_try`)} as "nextTry",
         failed.reason as "lastFailure"
  from counted
  cross join lateral (
    select address from delivery_target where delivery_target.id = counted.target_id limit 1) as target
  left join lateral (
    select reason from attempt
    where attempt.target_id = counted.target_id
    order by lane_series desc, position desc, number desc
    limit 1) as failed on true
  order by counted.waiting desc`

function tenantsOf(addresses: readonly AddressRow[]): StatusReport['tenants'] {
  const tenants = new Map<string, { lanes: number; waiting: number; oldest: string | null }>()
  for (const { tenant, lanes, waiting, oldest } of addresses) {
    const sum = tenants.get(tenant) ?? { lanes: 0, waiting: 0, oldest: null }
    tenants.set(tenant, {
      lanes: sum.lanes + lanes,
      waiting: sum.waiting + waiting,
      oldest: sum.oldest === null || (oldest !== null && oldest < sum.oldest) ? oldest : sum.oldest,
    })
  }
  return [...tenants].map(([tenant, { lanes, waiting, oldest }]) => ({
    tenant,
    coldLanes: lanes,
    waiting,
    oldest: textOf(oldest),
  }))
}

const textOf = (text: string | null) => (text === null ? null : instantText(text))
