import type { Db } from '../db/db.ts'
import { sql, type Sql } from '../db/sql.ts'
import { LookTooBroad, type Bounds } from './bounds.ts'
import { EVENT_COLUMNS, EVENT_JOINS, type EventRow } from './event-row.ts'
import type { Scope } from './scope.ts'
import { FIRST_TARGET, targetsOf } from './target-scan.ts'

/** How many records before an event are counted. */
export const MAX_COUNTED = 1000

export interface FoundEvent extends EventRow {
  readonly body: string
  /** Records of its partition that are dispatched before it; at most `MAX_COUNTED`. Null: not for this scope. */
  readonly before: number | null
  /** Of its notifications within the scope; as many as were asked for, if there are more. */
  readonly targetIds: readonly number[] | null
}

const ANY_TARGET = { subscriptionUuid: undefined, targetId: undefined }

/**
 * Returns the event of this uuid, if there is one for this scope: of its tenant, and for an owner one that hit a
 * subscription of the owner. For an owner, what is looked up is the same whether there is such an event or not: each
 * target of the owner, once; everything else comes behind that. So the time does not tell of the events of others.
 */
export async function findEvent(
  db: Db,
  scope: Scope,
  { uuid, maxTargetIds }: { readonly uuid: string; readonly maxTargetIds: number },
  bounds: Bounds,
): Promise<FoundEvent | undefined> {
  // That `size` is always asked for has the targets looked up always.
  const [row] = await db.query<{ isTooBroad: boolean; uuid: string | null } & Omit<FoundEvent, 'uuid'>>(sql`
    with asked as materialized (
      select found.partition, coalesce(found.position, 0) as position,
             coalesce(found.lane_series, ${uuid}::uuid) as lane_series
      from (values (1)) as one
      left join lateral (
        select partition, position, coalesce(series_key, uuid) as lane_series from event
        where event.uuid = ${uuid} and event.tenant = ${scope.tenant} and event.kind = 'event'
        limit 1) as found on true),
    ${scope.owner === undefined ? hitsOfTenant(maxTargetIds) : hitsOfOwner(scope, bounds)},
    visible as materialized (
      select asked.partition, asked.position from asked cross join size
      where asked.partition is not null and ${scope.owner === undefined ? sql`true` : sql`size.hits > 0`})
    select size.is_too_broad as "isTooBroad", size.hits, known.*
    from size
    left join lateral (
      select ${EVENT_COLUMNS}, event.body, ${beforeIn(scope)} as before,
             (select json_agg(target_id order by target_id) from (
                select target_id from hits limit ${maxTargetIds}) as some_hits) as "targetIds"
      from visible
      cross join lateral (
        select * from event
        where event.partition = visible.partition and event.position = visible.position
        limit 1) as event
      ${EVENT_JOINS}) as known on true`)
  if (row === undefined || row.isTooBroad) throw tooManySubscriptions(bounds)
  const { uuid: foundUuid, ...found } = row
  return foundUuid === null ? undefined : { ...found, uuid: foundUuid }
}

export const tooManySubscriptions = ({ targets }: Bounds) =>
  new LookTooBroad(
    `the owner has more than ${targets} subscriptions; a service or a tenant administrator can look without an owner`,
  )

/** `hits` (target_id), and `size`, one row. */
const hitsOfTenant = (limit: number): Sql => sql`
    hits as materialized (
      select notification.target_id from asked
      join notification on notification.partition = asked.partition and notification.position = asked.position
      limit ${limit}),
    size as materialized (select false as is_too_broad, (select count(*) from hits) as hits)`

const hitsOfOwner = (scope: Scope, { targets }: Bounds): Sql => sql`
    ${targetsOf(scope, ANY_TARGET, FIRST_TARGET, targets + 1)},
    hits as materialized (
      select targets.target_id from targets
      cross join asked
      cross join lateral (
        select from notification
        where notification.target_id = targets.target_id and notification.lane_series = asked.lane_series
          and notification.position = asked.position
        limit 1) as hit),
    size as materialized (
      select (select count(*) from subscriptions) > ${targets} as is_too_broad, (select count(*) from hits) as hits)`

/** For operators only: the records before it may be of other tenants. */
const beforeIn = ({ reader }: Scope): Sql =>
  reader !== undefined
    ? sql`null::integer`
    : sql`(
        select count(*)::integer from (
          select from event as earlier
          where earlier.partition = event.partition and earlier.position > cursor.position
            and earlier.position < event.position
          limit ${MAX_COUNTED}) as waiting)`
