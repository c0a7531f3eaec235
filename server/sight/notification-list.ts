import type { NotificationList } from '@tidings/contract/sight.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { findTargets, notificationConditions, type NotificationFilter } from './notification-filter.ts'
import { notificationRows, type NotificationRow } from './notification-look.ts'
import { notificationReport } from './notification-report.ts'
import {
  scanColdLanes,
  scanEvent,
  scanHotLanes,
  scanNewest,
  scanTargets,
  type Place,
  type Scan,
} from './notification-scans.ts'
import { cursorText, type CursorParts } from './page-cursor.ts'
import type { Scope } from './scope.ts'

/** Notifications of targets that are read and sorted for one page. */
const MAX_SORTED = 5000

/** Of a cursor: the scan, and the place in its order. */
export const NOTIFICATION_CURSOR = ['string', 'number', 'string', 'number'] as const

export interface NotificationPageRequest {
  readonly filter: NotificationFilter
  /** The parts of a cursor; undefined: from the beginning. */
  readonly after: CursorParts | undefined
  readonly limit: number
}

/** Returns a page of notifications within the scope. What waits comes lane by lane, all else newest first. */
export async function listNotifications(
  db: Db,
  scope: Scope,
  { filter, after, limit }: NotificationPageRequest,
): Promise<NotificationList> {
  const targetIds = await findTargets(db, scope, filter)
  if (targetIds?.length === 0) return { notifications: [], cursor: null }
  const name = after === undefined ? await scanFor(db, filter, targetIds) : String(after[0])
  const place = after === undefined ? undefined : placeOf(after)
  const { keys, end } = await findKeys(db, scope, filter, scanOf(name, filter, targetIds, place), limit)
  const rows =
    keys.length === 0
      ? []
      : await db.query<NotificationRow>(
          notificationRows(sql`
            select * from unnest(${keys.map((key) => key.targetId)}::bigint[],
                                 ${keys.map((key) => key.laneSeries)}::uuid[],
                                 ${keys.map((key) => key.position)}::bigint[])
              as key (target_id, lane_series, position)`),
        )
  const ordered = new Map(rows.map((row) => [keyText(row), row]))
  return {
    notifications: keys.flatMap((key) => {
      const row = ordered.get(keyText(key))
      return row === undefined ? [] : [notificationReport(row, scope.reader)]
    }),
    cursor: cursorAfter(name, end),
  }
}

/** Chooses how to find them. */
async function scanFor(db: Db, filter: NotificationFilter, targetIds: readonly number[] | undefined): Promise<string> {
  if (filter.eventUuid !== undefined) return 'event'
  if (filter.state === 'waiting') return 'cold'
  if (targetIds !== undefined && (await areFew(db, targetIds))) return 'targets'
  return filter.state === 'given_up' || filter.reason !== undefined ? 'attempts' : 'newest'
}

async function areFew(db: Db, targetIds: readonly number[]): Promise<boolean> {
  const rows = await db.query<{ count: number }>(sql`
    select count(*)::integer from (
      select from unnest(${targetIds}::bigint[]) as mine (id)
      join notification on notification.target_id = mine.id
      limit ${MAX_SORTED + 1}) as some_of_them`)
  return (rows[0]?.count ?? 0) <= MAX_SORTED
}

function scanOf(
  name: string,
  { eventUuid }: NotificationFilter,
  targetIds: readonly number[] | undefined,
  after: Place | undefined,
): Scan {
  if (name === 'event' && eventUuid !== undefined) return scanEvent(eventUuid, after)
  if (name === 'cold') return scanColdLanes(targetIds, after)
  if (name === 'hot') return scanHotLanes(after)
  if (name === 'targets' && targetIds !== undefined) return scanTargets(targetIds, after)
  return scanNewest(name === 'attempts' ? 'attempt' : 'notification', after)
}

interface KeyPage {
  readonly keys: readonly Place[]
  /** Where the next page begins; undefined: the scan is at its end. */
  readonly end: Place | undefined
}

async function findKeys(
  db: Db,
  scope: Scope,
  filter: NotificationFilter,
  { parts, order }: Scan,
  limit: number,
): Promise<KeyPage> {
  const rows = await db.query<{
    targetId: number | null
    laneSeries: string
    position: number
    endTarget: number | null
    endSeries: string | null
    endPosition: number | null
  }>(sql`
    with ${parts},
    matching as (
      select scanned.target_id, scanned.lane_series, scanned.position
      from scanned
      cross join lateral (
        select * from notification
        where notification.target_id = scanned.target_id and notification.lane_series = scanned.lane_series
          and notification.position = scanned.position
        limit 1) as one
      cross join lateral (
        select subscription_id, address_key from delivery_target
        where delivery_target.id = scanned.target_id
        limit 1) as target
      cross join lateral (
        select tenant, owner, uuid from subscription
        where subscription.id = target.subscription_id
        limit 1) as owned
      where ${notificationConditions(scope, filter)}
      order by ${order}
      limit ${limit + 1}),
    ranked as (
      select *, row_number() over (order by ${order}) as place from matching)
    select matching.target_id as "targetId", matching.lane_series as "laneSeries", matching.position,
           scan_end.target_id as "endTarget", scan_end.lane_series as "endSeries", scan_end.position as "endPosition"
    from scan_end left join ranked as matching on true
    order by matching.place`)
  const found = rows.flatMap(({ targetId, laneSeries, position }) =>
    targetId === null ? [] : [{ targetId, laneSeries, position }],
  )
  const keys = found.slice(0, limit)
  if (found.length > limit) return { keys, end: keys.at(-1) }
  const [{ endTarget, endSeries, endPosition } = { endTarget: null, endSeries: null, endPosition: null }] = rows
  return {
    keys,
    end:
      endTarget === null ? undefined : { targetId: endTarget, laneSeries: endSeries ?? '', position: endPosition ?? 0 },
  }
}

/** After the lanes that have a row come those that have none. */
const cursorAfter = (name: string, end: Place | undefined): string | null =>
  end !== undefined
    ? cursorText([name, end.targetId, end.laneSeries, end.position])
    : name === 'cold'
      ? cursorText(['hot', 0, '', 0])
      : null

const placeOf = ([, targetId, laneSeries, position]: CursorParts): Place => ({
  targetId: Number(targetId),
  laneSeries: String(laneSeries),
  position: Number(position),
})

const keyText = ({ targetId, laneSeries, position }: Place) => `${targetId} ${laneSeries} ${position}`
