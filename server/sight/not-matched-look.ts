import type { Db } from '../db/db.ts'
import { join, sql, type Sql } from '../db/sql.ts'
import { instant, type EventRow } from './event-look.ts'
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

/** Returns subscriptions within the scope that have no notification of this event. */
export const readNotMatched = (db: Db, scope: Scope, event: EventRow, { name, limit }: Asked) =>
  db.query<NotMatchedRow>(sql`
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
    limit ${limit})
  select one.uuid, one.tenant, one.owner, one.name,
         ${instant(sql`one.created`)} as created,
         ${instant(sql`one.ended`)} as ended, one.end_reason as "endReason",
         versions.rows -> 0 as "inForce", versions.rows -> 1 as before, current.row as current
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

/** Statements that name subscriptions by (id, distance), each with a bound on what it reads. */
function candidates({ tenant, owner }: Scope, { subject }: EventRow, name: string | undefined): Sql[] {
  if (name !== undefined)
    return [
      sql`(
      select id, 0 as distance from subscription
      where subscription.tenant = ${tenant} and subscription.owner = ${owner} and subscription.name = ${name}
      order by id desc
      limit ${MAX_CANDIDATES})`,
    ]
  const withSubject = (text: string, distance: number) => sql`(
      select id, ${distance}::integer + case when subject_filter = ${text} then 0 else 1 end as distance
      from (
        select id, owner, subject_filter from subscription
        where subscription.tenant = ${tenant}
          and lower(subscription.subject_filter) = lower(${text}::text collate "C")
        order by id desc
        limit ${MAX_CANDIDATES}) as like_it
      where ${owner === undefined ? sql`true` : sql`owner = ${owner}`})`
  return [
    ...(subject === null ? [] : [withSubject(subject, 0)]),
    ...(owner === undefined
      ? [
          withSubject('*', 2),
          sql`(
      select id, 4 as distance from subscription
      where subscription.tenant = ${tenant} and subscription.ended is null
      order by created desc
      limit ${MAX_CANDIDATES})`,
        ]
      : [
          sql`(
      select id, case when subject_filter = '*' then 2 else 4 end as distance from subscription
      where subscription.tenant = ${tenant} and subscription.owner = ${owner}
      order by name desc, id desc
      limit ${MAX_CANDIDATES})`,
        ]),
  ]
}
