import type { Database } from '../db/database.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { Log } from '../log.ts'
import { createLoop, type WakeableWorker } from '../runtime/loop.ts'
import { required } from '../runtime/required.ts'
import { removeEndedSubscriptions, removeEndedTargets } from '../subscriptions/remove-ended.ts'

const EVENTS_PER_BATCH = 1000
const SUBSCRIPTIONS_PER_BATCH = 500
const TARGETS_PER_BATCH = 500
const KEYS_PER_BATCH = 1000
/** Counters that are looked at each time; all of them in turn. No index has `used`: each dispatch would write it. */
const SERIES_PER_WINDOW = 1000
const BEFORE_ALL_SERIES = '00000000-0000-0000-0000-000000000000'
const RETENTION_INTERVAL_MS = 60_000
/** Between two batches. */
const PAUSE_MS = 100
/** An event's row records that its uuid was seen, so it stays at least this long. */
const MIN_SEEN_HOURS = 24
const SERIES_DAYS = 400

/**
 * Returns a worker that deletes what is older than the retention, in bounded batches:
 *
 * - dispatched events whose notifications were all settled that long ago, with all that is stored about them;
 * - ended subscriptions, and targets that a change has ended, to which nothing refers;
 * - idempotency keys whose event is deleted;
 * - series without an event for 400 days.
 *
 * It scans each partition window by window, so events that have to stay (those waiting for a dead target, say) do not
 * keep it from later ones; series too, so that a tick costs as much however many there are.
 */
export function createRetention({
  db,
  retentionHours,
  log,
}: {
  db: Database
  retentionHours: number
  log: Log
}): WakeableWorker {
  const seenHours = Math.max(retentionHours, MIN_SEEN_HOURS)
  const scannedTo = new Map<number, number>()
  let seriesScannedTo = BEFORE_ALL_SERIES

  async function tick(): Promise<number> {
    let events = 0
    let hasMore = false
    for (const { partition, position } of await readCursors(db)) {
      const window = await removeEvents(db, {
        partition,
        after: scannedTo.get(partition) ?? 0,
        upTo: position,
        seenHours,
        retentionHours,
      })
      scannedTo.set(partition, window.next)
      events += window.removed
      hasMore ||= window.next > 0
    }
    const subscriptions = await removeEndedSubscriptions(db, { hours: seenHours, limit: SUBSCRIPTIONS_PER_BATCH })
    const targets = await removeEndedTargets(db, { hours: seenHours, limit: TARGETS_PER_BATCH })
    const keys = await removeKeys(db, seenHours)
    const series = await removeSeries(db, seriesScannedTo)
    seriesScannedTo = series.next
    if (events + subscriptions + targets + keys + series.removed > 0)
      log.info({ events, subscriptions, targets, keys, series: series.removed }, 'retention')
    return hasMore ||
      subscriptions === SUBSCRIPTIONS_PER_BATCH ||
      targets === TARGETS_PER_BATCH ||
      keys === KEYS_PER_BATCH
      ? PAUSE_MS
      : RETENTION_INTERVAL_MS
  }

  return createLoop({ name: 'retention', log, tick, restAfterErrorMs: 10_000 })
}

/** Returns how far each partition is dispatched. */
const readCursors = (db: Db) =>
  db.query<{ partition: number; position: number }>(sql`
  select partition, position
  from partition_cursor
  order by partition`)

interface Window {
  readonly partition: number
  readonly after: number
  readonly upTo: number
  readonly seenHours: number
  readonly retentionHours: number
}

interface WindowResult {
  readonly removed: number
  /** Where the next window begins; 0: at the beginning, for there are no more old events. */
  readonly next: number
}

const removeEvents = (db: Database, window: Window): Promise<WindowResult> =>
  db.transaction(async (tx) => {
    const scanned = await readWindow(tx, window)
    const positions = scanned.filter((event) => event.isRemovable).map((event) => event.position)
    if (positions.length > 0) {
      await tx.query(
        sql`delete from attempt where partition = ${window.partition} and position = any (${positions}::bigint[])`,
      )
      await tx.query(
        sql`delete from notification where partition = ${window.partition} and position = any (${positions}::bigint[])`,
      )
      await tx.query(
        sql`delete from dispatched where partition = ${window.partition} and position = any (${positions}::bigint[])`,
      )
      await tx.query(
        sql`delete from event where partition = ${window.partition} and position = any (${positions}::bigint[])`,
      )
    }
    const last = scanned.at(-1)
    return { removed: positions.length, next: last?.isOld && scanned.length === EVENTS_PER_BATCH ? last.position : 0 }
  })

/** Returns the next records of a partition, and which are removable. A dead letter, or a fan-out, needs its event. */
const readWindow = (tx: Db, { partition, after, upTo, seenHours, retentionHours }: Window) =>
  tx.query<{ position: number; isOld: boolean; isRemovable: boolean }>(sql`
  with scanned as (
    select event.position, event.received < now() - ${seenHours} * interval '1 hour' as is_old
    from event
    where event.partition = ${partition} and event.position > ${after} and event.position <= ${upTo}
    order by event.position
    limit ${EVENTS_PER_BATCH}
  )
  select position, is_old as "isOld",
         is_old
         and not exists (
           select from dead_letter
           where dead_letter.partition = ${partition} and dead_letter.position = scanned.position)
         and not exists (
           select from fan_out
           where fan_out.partition = ${partition} and fan_out.position = scanned.position)
         and not exists (
           select from notification
           where notification.partition = ${partition} and notification.position = scanned.position
             and (notification.settled is null
                  or notification.settled > now() - ${retentionHours} * interval '1 hour')) as "isRemovable"
  from scanned
  order by position`)

/**
 * Deletes keys after their events, which may have to stay longer: until then the uuid is taken. Skips rows that another
 * dispatcher's retention has locked.
 */
async function removeKeys(db: Db, seenHours: number): Promise<number> {
  const rows = await db.query(sql`
    with removable as (
      select key.uuid
      from idempotency_key as key
      where key.created < now() - ${seenHours} * interval '1 hour'
        and not exists (select from event where event.uuid = key.uuid)
      order by key.created
      limit ${KEYS_PER_BATCH}
      for update skip locked
    )
    delete from idempotency_key
    using removable
    where idempotency_key.uuid = removable.uuid
    returning 1`)
  return rows.length
}

/**
 * Deletes the unused ones of the next counters, by key. Skips locked rows, which a dispatch or an import writes at this
 * moment. If it waited for them, it could deadlock with the dispatch, and would delete the counters that had just been
 * written.
 */
async function removeSeries(db: Db, after: string): Promise<{ readonly removed: number; readonly next: string }> {
  const [window] = await db.query<{ removed: number; looked: number; last: string | null }>(sql`
    with looked as materialized (
      select series_key, used
      from series
      where series_key > ${after}
      order by series_key
      limit ${SERIES_PER_WINDOW}
    ), unused as materialized (
      select still.series_key
      from looked
      cross join lateral (
        select series_key
        from series
        where series.series_key = looked.series_key
          and series.used < now() - ${SERIES_DAYS} * interval '1 day'
        for update skip locked) as still
      where looked.used < now() - ${SERIES_DAYS} * interval '1 day'
    ), removed as (
      delete from series
      using unused
      where series.series_key = unused.series_key
      returning 1
    )
    select (select count(*)::integer from removed) as removed, (select count(*)::integer from looked) as looked,
           (select series_key::text from looked order by series_key desc limit 1) as last`)
  const { removed, looked, last } = required(window, 'a count always has a row')
  return { removed, next: looked === SERIES_PER_WINDOW && last !== null ? last : BEFORE_ALL_SERIES }
}
