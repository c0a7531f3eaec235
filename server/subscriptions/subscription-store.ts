import type { DeliveryTarget, Subscription } from '@tidings/contract/subscription.ts'
import type { Db } from '../db/db.ts'
import { INSTANT_FORMAT } from '../db/instant-format.ts'
import { join, sql, type Sql } from '../db/sql.ts'
import { instantText } from '@tidings/contract/event-text.ts'
import { ACTIVE } from './active-condition.ts'

/** Identifies an active subscription of a tenant. */
export interface NameKey {
  readonly tenant: string
  readonly owner: string
  readonly name: string
}

/** Identifies a subscription by its uuid. `owner` undefined: of any owner. */
export interface UuidKey {
  readonly tenant: string
  readonly uuid: string
  readonly owner: string | undefined
}

export interface ListFilter {
  readonly tenant: string
  readonly owner: string | undefined
}

export interface SubscriptionRow extends Omit<Subscription, 'deliveryTargets'> {
  readonly deliveryTargets: readonly DeliveryTarget[] | null
}

export const findByName = async (db: Db, { tenant, owner, name }: NameKey): Promise<Subscription | undefined> =>
  (await select(db, sql`tenant = ${tenant} and owner = ${owner} and name = ${name}`)).at(0)

export const findByUuid = async (db: Db, { tenant, uuid, owner }: UuidKey): Promise<Subscription | undefined> =>
  (await select(db, conjunction([sql`uuid = ${uuid}`, ...ownerConditions({ tenant, owner })]))).at(0)

export const conjunction = (conditions: readonly Sql[]): Sql => join([...conditions], ' and ')

export const ownerConditions = ({ tenant, owner }: ListFilter): Sql[] => [
  sql`tenant = ${tenant}`,
  ...(owner === undefined ? [] : [sql`owner = ${owner}`]),
]

/** A JSON list of the targets that have not ended, or null when there is none. */
const TARGETS = sql`(
  select json_agg(json_build_object('deliveryMethod', method, 'deliveryAddress', address) order by ordinal)
  from delivery_target
  where subscription_id = subscription.id and delivery_target.ended is null)`

/**
 * Returns the columns of a `SubscriptionRow`, in the order of the members. Reading the targets is most of the work;
 * `withTargets: false` leaves that out, and the rows have none.
 */
export const rowColumns = ({ withTargets }: { readonly withTargets: boolean }): Sql => sql`
  tenant, name, description, owner, enabled, type_filter as "typeFilter", subject_filter as "subjectFilter",
  ${withTargets ? TARGETS : sql`null::json`} as "deliveryTargets",
  ttl_minutes as "ttlMinutes", uuid::text,
  to_char(expiry at time zone 'UTC', ${INSTANT_FORMAT}) as expiry,
  to_char(created at time zone 'UTC', ${INSTANT_FORMAT}) as created,
  to_char(updated at time zone 'UTC', ${INSTANT_FORMAT}) as updated`

async function select(db: Db, condition: Sql): Promise<Subscription[]> {
  const rows = await db.query<SubscriptionRow>(sql`
    select ${rowColumns({ withTargets: true })}
    from subscription
    where ${ACTIVE} and ${condition}
    limit 1`)
  return rows.map(subscriptionOf)
}

/** Makes a subscription of a row. The members keep the order of the columns. */
export const subscriptionOf = (row: SubscriptionRow): Subscription => ({
  ...row,
  deliveryTargets: row.deliveryTargets ?? [],
  expiry: row.expiry === null ? null : instantText(row.expiry),
  created: instantText(row.created),
  updated: instantText(row.updated),
})
