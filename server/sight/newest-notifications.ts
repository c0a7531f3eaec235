import type { Db } from '../db/db.ts'
import { sql, type Sql } from '../db/sql.ts'
import type { Bounds } from './bounds.ts'
import { laneOf, scanSubject, scanTenant } from './event-scans.ts'
import { findMatching, type KeyPage, type KeyRequest } from './matching-keys.ts'
import { scanTargetsForEvent } from './notification-scans.ts'
import type { NotificationFilter } from './notification-filter.ts'
import type { Place } from './page.ts'
import type { Scope } from './scope.ts'

/** Statements of one page, while they find nothing. */
const MAX_STATEMENTS = 10
const ANY_TARGET = { subscriptionUuid: undefined, targetId: undefined }

/** An event of the scan, in its order. */
interface ScannedEvent {
  readonly place: Place
  readonly partition: number
  readonly position: number
  readonly laneSeries: string
  /** At most one more than are read together. */
  readonly size: number
  /** Its notifications come subscription by subscription. */
  readonly isLarge: boolean
}

interface EventsRead {
  readonly events: readonly ScannedEvent[]
  readonly scanEnd: Place | null
}

/**
 * Returns notifications of a whole tenant, by the events of the tenant, the newest first. `hot`: what waits in lanes
 * without a row, which is behind the watermarks.
 *
 * Places are those of the events, with what has been shown of the event behind them: `[name, event, target]` for one
 * whose notifications are read together, `[name, event, owner, name, subscription, target]` for a large one.
 */
export async function findNewest(db: Db, request: KeyRequest, name: 'newest' | 'hot'): Promise<KeyPage> {
  let after = request.after
  for (let statements = 1; ; statements += 1) {
    const page = await nextPage(db, { ...request, after }, name)
    if (page.rows.length > 0 || page.next === null || statements === MAX_STATEMENTS) return page
    after = page.next
  }
}

async function nextPage(db: Db, request: KeyRequest, name: string): Promise<KeyPage> {
  const { scope, filter, after, bounds } = request
  const eventPlace = after === undefined ? undefined : (JSON.parse(String(after[1])) as Place) // our own text
  const isInside = after !== undefined && after.length > 2
  const { events, scanEnd } = await readEvents(db, scope, filter, { after: eventPlace, isInside, name }, bounds)
  const [first] = events
  const placeOf = (place: Place | null): Place | null => (place === null ? null : [name, JSON.stringify(place)])
  if (first === undefined) return { rows: [], next: placeOf(scanEnd) }

  // The event of the place may have gone since.
  const inside = isInside && eventPlace?.at(-1) === first.position ? after : undefined
  if (inside?.length === 6 || (inside === undefined && first.isLarge)) {
    const prefix = [name, JSON.stringify(first.place)]
    const page = await findMatching(
      db,
      request,
      scanTargetsForEvent(scope, ANY_TARGET, first, { prefix, after: inside }, bounds),
    )
    return page.next === null ? { ...page, next: prefix } : page
  }
  const together = fitting(events, bounds)
  const afterTarget = inside === undefined ? undefined : { position: first.position, targetId: Number(inside[2]) }
  const rest = together.length < events.length ? (together.at(-1)?.place ?? null) : scanEnd
  return findMatching(db, request, ofEvents(together, afterTarget, name, placeOf(rest)))
}

/** The first ones, which are not large, so far as their notifications are read together. There is always one. */
function fitting(events: readonly ScannedEvent[], { notifications }: Bounds): readonly ScannedEvent[] {
  let sum = 0
  const end = events.findIndex(({ size, isLarge }, index) => {
    sum += size
    return index > 0 && (isLarge || sum > notifications)
  })
  return end < 0 ? events : events.slice(0, end)
}

/** Reads the next events of the tenant, or of a series in it; `isInside`: the one at the place too. */
async function readEvents(
  db: Db,
  scope: Scope,
  { series, from, to }: NotificationFilter,
  { after, isInside, name }: { readonly after: Place | undefined; readonly isInside: boolean; readonly name: string },
  bounds: Bounds,
): Promise<EventsRead> {
  const max = bounds.events
  // Places end with the position, which is unique.
  const place = after === undefined || !isInside ? after : [...after.slice(0, -1), Number(after.at(-1)) + 1]
  const scan =
    series === undefined
      ? scanTenant(scope, { from, to }, place, max)
      : scanSubject(scope, series.subject, { after: place, isNewestFirst: true, max })
  const rows = await db.query<Omit<ScannedEvent, 'place'> & { place: Place | null; scanEnd: Place | null }>(sql`
    with ${scan},
    chosen as materialized (
      select scanned.*, coalesce(event.series_key, event.uuid) as lane_series
      from scanned
      cross join lateral (
        select series_key, uuid, kind from event
        where event.partition = scanned.partition and event.position = scanned.position
        limit 1) as event
      where event.kind = 'event'
        and ${series === undefined ? sql`true` : sql`event.series_key = ${laneOf(scope, series)}`}
        and ${name === 'hot' ? IS_BEHIND_WATERMARK : sql`true`}),
    counted as (
      select chosen.*, counted.size,
             counted.size > ${bounds.ofEvent} or spreading.has_row is not null as is_large
      from chosen
      left join lateral (
        select true as has_row from fan_out
        where fan_out.partition = chosen.partition and fan_out.position = chosen.position
        limit 1) as spreading on true
      cross join lateral (
        select count(*)::integer as size from (
          select from notification
          where notification.partition = chosen.partition and notification.position = chosen.position
          limit ${bounds.ofEvent + 1}) as some_of_them) as counted)
    select counted.place, counted.partition, counted.position, counted.lane_series as "laneSeries", counted.size,
           counted.is_large as "isLarge", scan_end.place as "scanEnd"
    from scan_end left join counted on true
    order by counted.rank`)
  return {
    events: rows.flatMap((row) => (row.place === null ? [] : [{ ...row, place: row.place }])),
    scanEnd: rows[0]?.scanEnd ?? null,
  }
}

const IS_BEHIND_WATERMARK = sql`
  scanned.position > (
    select settled_below from partition_cursor where partition_cursor.partition = scanned.partition)`

/** Notifications of these events, in their order, and of each by target. */
const ofEvents = (
  events: readonly ScannedEvent[],
  after: { readonly position: number; readonly targetId: number } | undefined,
  name: string,
  end: Place | null,
): Sql => sql`
    scanned as materialized (
      select one.target_id, one.lane_series, one.position,
             row_number() over (order by given.place, one.target_id) as rank,
             json_build_array(${name}::text, given.event_place, one.target_id) as place
      from unnest(${events.map(({ partition }) => partition)}::smallint[],
                  ${events.map(({ position }) => position)}::bigint[],
                  ${events.map(({ place }) => JSON.stringify(place))}::text[])
        with ordinality as given (partition, position, event_place, place)
      cross join lateral (
        select target_id, lane_series, position from notification
        where notification.partition = given.partition and notification.position = given.position
          and (given.position <> ${after?.position ?? 0}::bigint
               or notification.target_id > ${after?.targetId ?? 0}::bigint)
        offset 0) as one),
    scan_end as materialized (select ${end === null ? null : JSON.stringify(end)}::json as place)`
