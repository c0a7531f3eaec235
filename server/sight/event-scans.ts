import { hashKey } from '../db/hash-key.ts'
import { sql, type Sql } from '../db/sql.ts'
import type { Bounds } from './bounds.ts'
import { instant } from './event-row.ts'
import type { Place } from './page.ts'
import type { Scope } from './scope.ts'
import { FIRST_TARGET, LAST_ID, targetsOf } from './target-scan.ts'

/*
 * Scans name events in an order, from a place on: parts of a `with`, among them `scanned` (partition, position, rank,
 * place), and `scan_end`, one row: the place up to which it is complete, null: to its end. All that they read is within
 * the scope, by the index that they read it from.
 */

/** By what a series is known. */
export interface SeriesName {
  readonly source: string
  readonly subject: string
  readonly seriesId: string
}

export interface Period {
  /** ISO instants of `received`; from (inclusive), to (exclusive). */
  readonly from: string | undefined
  readonly to: string | undefined
}

export const laneOf = ({ tenant }: Scope, { source, subject, seriesId }: SeriesName) =>
  hashKey(tenant, source, subject, seriesId)

/** Of a tenant, the newest first by when they were received. */
export const scanTenant = ({ tenant }: Scope, { from, to }: Period, after: Place | undefined, max: number): Sql => sql`
    scanned as materialized (
      select partition, position, row_number() over (order by received desc, position desc) as rank,
             json_build_array(${instant(sql`received`)}, position) as place
      from (
        select partition, position, received from event
        where hashtextextended(event.tenant, 0) = hashtextextended(${tenant}::text, 0) and event.tenant = ${tenant}
          and ${from === undefined ? sql`true` : sql`event.received >= ${from}::timestamptz`}
          and ${to === undefined ? sql`true` : sql`event.received < ${to}::timestamptz`}
          and ${
            after === undefined
              ? sql`true`
              : sql`(event.received, event.position) < (${String(after[0])}::timestamptz, ${Number(after[1])}::bigint)`
          }
        order by event.received desc, event.position desc
        limit ${max}) as read),
    ${endAt(max)}`

/** Of a subject in a tenant, by position. */
export function scanSubject(
  { tenant }: Scope,
  subject: string,
  { after, isNewestFirst, max }: { readonly after: Place | undefined; readonly isNewestFirst: boolean; max: number },
): Sql {
  const order = isNewestFirst ? sql`desc` : sql`asc`
  return sql`
    scanned as materialized (
      select partition, position, row_number() over (order by position ${order}) as rank,
             json_build_array(position) as place
      from (
        select partition, position from event
        where hashtextextended(event.subject, hashtextextended(event.tenant, 0))
              = hashtextextended(${subject}::text, hashtextextended(${tenant}::text, 0))
          and event.subject = ${subject} and event.tenant = ${tenant}
          and ${behind(sql`event.position`, after, isNewestFirst)}
        order by event.position ${order}
        limit ${max}) as read),
    ${endAt(max)}`
}

/**
 * Those that hit an owner, by position; `keys` (target_id, lane_series, position, partition) are the notifications. The
 * caller knows that there are not too many: of a series targets, else notifications.
 */
export function scanOwner(
  scope: Scope,
  lane: string | undefined,
  { after, isNewestFirst }: { readonly after: Place | undefined; readonly isNewestFirst: boolean },
  bounds: Bounds,
): Sql {
  const order = isNewestFirst ? sql`desc` : sql`asc`
  const max = lane === undefined ? bounds.events : bounds.ofEvent
  return sql`
    ${targetsOf(scope, { subscriptionUuid: undefined, targetId: undefined }, FIRST_TARGET, bounds.targets)},
    keys as materialized (
      select one.* from targets
      cross join lateral (
        select target_id, lane_series, position, partition from notification
        where notification.target_id = targets.target_id
          and ${lane === undefined ? sql`true` : sql`notification.lane_series = ${lane}`}
          and ${behind(sql`notification.position`, after, isNewestFirst)}
        ${lane === undefined ? sql`offset 0` : sql`order by notification.position ${order} limit ${max}`}) as one),
    scanned as materialized (
      select partition, position, row_number() over (order by position ${order}) as rank,
             json_build_array(position) as place
      from (select distinct partition, position from keys order by position ${order} limit ${max}) as read),
    ${endAt(max)}`
}

const endAt = (max: number): Sql => sql`
    scan_end as materialized (select (select place from scanned where rank = ${max}) as place)`

const behind = (position: Sql, after: Place | undefined, isNewestFirst: boolean): Sql =>
  isNewestFirst
    ? sql`${position} < ${after === undefined ? LAST_ID : Number(after[0])}::bigint`
    : sql`${position} > ${after === undefined ? 0 : Number(after[0])}::bigint`
