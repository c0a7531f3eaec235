import type { NotificationReport } from '@tidings/contract/sight.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { BOUNDS, type Bounds } from './bounds.ts'
import { laneOf } from './event-scans.ts'
import { findMatching, type KeyPage, type KeyRequest } from './matching-keys.ts'
import { findNewest } from './newest-notifications.ts'
import type { NotificationFilter } from './notification-filter.ts'
import { readNotifications, type NotificationKey } from './notification-look.ts'
import { notificationReport } from './notification-report.ts'
import { scanColdLanes, scanEvent, scanSorted, scanTargets, scanTargetsForEvent } from './notification-scans.ts'
import { sizeOfTargets } from './owner-size.ts'
import type { Page, Place } from './page.ts'
import type { Scope } from './scope.ts'

export interface NotificationPageRequest {
  readonly filter: NotificationFilter
  /** Undefined: from the beginning. */
  readonly after: Place | undefined
  readonly limit: number
}

/**
 * Returns a page of notifications within the scope. Those of an owner, a subscription or a target are found from the
 * targets, those of a tenant from its events, those of an event from the event, and what waits in a tenant from the
 * lanes that have a row, and then from the events behind the watermarks.
 */
export async function listNotifications(
  db: Db,
  scope: Scope,
  { filter, after, limit }: NotificationPageRequest,
  bounds: Bounds = BOUNDS,
): Promise<Page<NotificationReport>> {
  const { rows: keys, next } = await findKeys(db, { scope, filter, after, limit, bounds })
  const rows = new Map((await readNotifications(db, keys)).map((row) => [keyText(row), row]))
  return {
    rows: keys.flatMap((key) => {
      const row = rows.get(keyText(key))
      return row === undefined ? [] : [notificationReport(row, scope.reader)]
    }),
    next,
  }
}

const keyText = ({ targetId, laneSeries, position }: NotificationKey) => `${targetId} ${laneSeries} ${position}`

async function findKeys(db: Db, request: KeyRequest): Promise<KeyPage> {
  const { scope, filter } = request
  const isOfTargets =
    scope.owner !== undefined || filter.subscriptionUuid !== undefined || filter.targetId !== undefined
  if (filter.eventUuid !== undefined) return findOfEvent(db, request, filter.eventUuid, isOfTargets)
  if (isOfTargets) return findOfTargets(db, request)
  if (filter.state !== 'waiting' || filter.series !== undefined) return findNewest(db, request, 'newest')
  return findWaiting(db, request)
}

/** Of an owner, what is read is the same whether there is such an event or not. */
async function findOfEvent(db: Db, request: KeyRequest, uuid: string, isOfTargets: boolean): Promise<KeyPage> {
  const { scope, filter, after, bounds } = request
  const [event] = await db.query<{ partition: number; position: number; laneSeries: string; isLarge: boolean }>(sql`
    select event.partition, event.position, coalesce(event.series_key, event.uuid) as "laneSeries",
           ${
             isOfTargets
               ? sql`true`
               : sql`(select count(*) from (
                        select from notification
                        where notification.partition = event.partition and notification.position = event.position
                        limit ${bounds.notifications + 1}) as some_of_them) > ${bounds.notifications}
                     or exists (
                        select from fan_out
                        where fan_out.partition = event.partition and fan_out.position = event.position)`
           } as "isLarge"
    from event
    where event.uuid = ${uuid} and event.tenant = ${scope.tenant} and event.kind = 'event'`)
  if (!isOfTargets && event === undefined) return { rows: [], next: null }
  const name = after === undefined ? (event?.isLarge === false ? 'event' : 'ofTargets') : after[0]
  if (event !== undefined && name === 'event')
    return findMatching(db, request, scanEvent(event.partition, event.position, after))
  const key = event ?? { laneSeries: uuid, position: 0 }
  const inside = { prefix: ['ofTargets'], after }
  return findMatching(db, request, scanTargetsForEvent(scope, filter, key, inside, bounds))
}

async function findOfTargets(db: Db, request: KeyRequest): Promise<KeyPage> {
  const { scope, filter, after, bounds } = request
  const lane = filter.series === undefined ? undefined : laneOf(scope, filter.series)
  const name = after === undefined ? await nameFor(db, request, lane) : after[0]
  const scan = name === 'sorted' ? scanSorted : scanTargets
  return findMatching(db, request, scan(scope, filter, lane, after, bounds))
}

async function nameFor(db: Db, { scope, filter, bounds }: KeyRequest, lane: string | undefined): Promise<string> {
  // Of a lane, too, it is the number of notifications that counts here.
  const size = await sizeOfTargets(db, scope, { filter, lane, counts: 'notifications' }, bounds)
  return size.hasManySubscriptions || size.hasManyNotifications ? 'targets' : 'sorted'
}

/** After the lanes that have a row come those that have none. */
async function findWaiting(db: Db, request: KeyRequest): Promise<KeyPage> {
  const { scope, after, bounds } = request
  if (after?.[0] === 'hot')
    return findNewest(db, { ...request, after: after.length === 1 ? undefined : after, isHot: true }, 'hot')
  const page = await findMatching(db, request, scanColdLanes(scope, after, bounds))
  if (page.next !== null) return page
  return page.rows.length > 0
    ? { ...page, next: ['hot'] }
    : findNewest(db, { ...request, after: undefined, isHot: true }, 'hot')
}
