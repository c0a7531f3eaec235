import type { Db } from '../db/db.ts'
import { join, sql, type Sql } from '../db/sql.ts'
import { instant, type EventRow } from './event-row.ts'
import type { Scope } from './scope.ts'
import type { FilterVersion } from './why-not.ts'

/** Of each kind of candidate. */
const MAX_CANDIDATES = 300

/** Instants are ISO texts in UTC with six digits. */
export interface NotMatchedRow {
  readonly tenant: string
  readonly uuid: string
  readonly owner: string
  readonly name: string
  readonly created: string
  readonly ended: string | null
  readonly endReason: string | null
  readonly inForce: FilterVersion | null
  readonly before: FilterVersion | null
  /** As it is now. */
  readonly current: FilterVersion
}

/** A `FilterVersion` as JSON, of a row of `subscription_version` or `subscription`. */
const VERSION = sql`json_build_object(
  'type', json_build_array(type1, type2, type3), 'subjectFilter', subject_filter, 'isEnabled', enabled,
  'expiry', ${instant(sql`expiry`)})`

export interface Asked {
  /** Only those of this name, of the owner of the scope; undefined: those that nearly matched, then the newest. */
  readonly name: string | undefined
  readonly limit: number
}

export interface NotMatchedRows {
  readonly rows: readonly NotMatchedRow[]
  /** There are, or may be, others. */
  readonly hasMore: boolean
}

/** Returns subscriptions within the scope that have no notification of this event. */
export async function readNotMatched(
  db: Db,
  scope: Scope,
  event: EventRow,
  { name, limit }: Asked,
): Promise<NotMatchedRows> {
  const rows = await db.query<NotMatchedRow & { readonly mayHaveMore: boolean }>(sql`
  with candidate as materialized (${join(candidates(scope, event, name), ' union all ')}),
  nearest as materialized (
    select id, min(distance) as distance from candidate
    group by id),
  chosen as materialized (
    select nearest.id, nearest.distance
    from nearest
    where not exists (
      select from (
        select id from delivery_target where delivery_target.subscription_id = nearest.id offset 0) as target
      cross join lateral (
        select from notification
        where notification.target_id = target.id and notification.lane_series = ${event.laneSeries}
          and notification.position = ${event.position}
        limit 1) as has)
    order by nearest.distance, nearest.id desc
    limit ${limit + 1})
  select one.uuid, one.tenant, one.owner, one.name,
         ${instant(sql`one.created`)} as created,
         ${instant(sql`one.ended`)} as ended, one.end_reason as "endReason",
         versions.rows -> 0 as "inForce", versions.rows -> 1 as before, current.row as current,
         exists (select from candidate group by kind having count(*) = ${MAX_CANDIDATES}) as "mayHaveMore"
  from chosen
  cross join lateral (select * from subscription where subscription.id = chosen.id limit 1) as one
  cross join lateral (select ${VERSION} as row from subscription where subscription.id = chosen.id limit 1) as current
  left join lateral (
    select json_agg(row order by id desc) as rows
    from (
      select id, ${VERSION} as row from subscription_version
      where subscription_version.subscription_id = chosen.id
        and (${event.dispatched}::timestamptz is null or changed <= ${event.dispatched}::timestamptz)
      order by id desc
      limit 2) as last) as versions on true
  order by chosen.distance, chosen.id desc`)
  return { rows: rows.slice(0, limit), hasMore: rows.length > limit || rows[0]?.mayHaveMore === true }
}

/**
 * Statements that name subscriptions by (id, distance, kind), each with a bound on what it reads, and each within the
 * scope by the index that it reads.
 */
function candidates({ tenant, owner }: Scope, { subject }: EventRow, name: string | undefined): Sql[] {
  const ofOwner = owner === undefined ? sql`true` : sql`subscription.owner = ${owner}`
  if (name !== undefined)
    return [
      sql`(
      select id, 0 as distance, 'name' as kind from subscription
      where subscription.tenant = ${tenant} and ${ofOwner} and subscription.name = ${name}
      order by id desc
      limit ${MAX_CANDIDATES})`,
    ]
  const withSubject = (text: string, distance: number, kind: string) => sql`(
      select id, ${distance}::integer + case when subject_filter = ${text} then 0 else 1 end as distance,
             ${kind}::text as kind
      from subscription
      where subscription.tenant = ${tenant} and ${ofOwner}
        and lower(subscription.subject_filter) = lower(${text}::text collate "C")
      order by owner desc, id desc
      limit ${MAX_CANDIDATES})`
  return [
    ...(subject === null ? [] : [withSubject(subject, 0, 'subject')]),
    withSubject('*', 2, 'any'),
    sql`(
      select id, 4 as distance, 'newest' as kind from subscription
      where subscription.tenant = ${tenant} and ${ofOwner} and subscription.ended is null
      order by created desc
      limit ${MAX_CANDIDATES})`,
    sql`(
      select id, 6 as distance, 'named' as kind from subscription
      where subscription.tenant = ${tenant} and ${ofOwner}
      order by owner desc, name desc, id desc
      limit ${MAX_CANDIDATES})`,
  ]
}
