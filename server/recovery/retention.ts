import type { Database, Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import type { Log } from '../log.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'

const EVENTS_PER_BATCH = 1000
const SUBSCRIPTIONS_PER_BATCH = 500
const TARGETS_PER_BATCH = 500
const KEYS_PER_BATCH = 1000
const EVERY_MS = 60_000
/** Between two batches. */
const PAUSE_MS = 100
/** An event's row is the record that its uuid was seen, so it stays at least this long. */
const LEAST_SEEN_HOURS = 24
const SERIES_DAYS = 400

/**
 * Removes what is older than the retention, in bounded batches: events that were dispatched, with all their notifications
 * settled that long ago; subscriptions that ended, and targets that a change has ended, of which nothing is left; what
 * idempotency keys stand for, when the event is no longer seen; series that nobody used for 400 days.
 * Goes through each partition window by window, so that what has to stay (waiting for a dead target, say) hides nothing.
 */
export function createRetention({ db, retentionHours, log }: { db: Database; retentionHours: number; log: Log }): Worker {
  const seenHours = Math.max(retentionHours, LEAST_SEEN_HOURS)
  const lookedAt = new Map<number, number>()

  async function turn(): Promise<number> {
    let events = 0
    let hasMore = false
    for (const { partition, position } of await readCursors(db)) {
      const window = await removeEvents(db, { partition, after: lookedAt.get(partition) ?? 0, upTo: position, seenHours, retentionHours })
      lookedAt.set(partition, window.next)
      events += window.removed
      hasMore ||= window.next > 0
    }
    const subscriptions = await removeSubscriptions(db, seenHours)
    const targets = await removeTargets(db, seenHours)
    const keys = await removeKeys(db, seenHours)
    const series = await removeSeries(db)
    if (events + subscriptions + targets + keys + series > 0) log.info({ events, subscriptions, targets, keys, series }, 'retention')
    return hasMore || subscriptions === SUBSCRIPTIONS_PER_BATCH || targets === TARGETS_PER_BATCH || keys === KEYS_PER_BATCH ? PAUSE_MS : EVERY_MS
  }

  return createLoop({ name: 'retention', log, turn, restAfterErrorMs: 10_000 })
}

/** What is after the cursor is not dispatched yet. */
const readCursors = (db: Db) => db.query<{ partition: number; position: number }>(sql`
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
  /** Where the next window begins; 0: at the beginning, the end of what is old was reached. */
  readonly next: number
}

const removeEvents = (db: Database, window: Window): Promise<WindowResult> => db.transaction(async (tx) => {
  const looked = await readWindow(tx, window)
  const positions = looked.filter((event) => event.mayGo).map((event) => event.position)
  if (positions.length > 0) {
    await tx.query(sql`delete from attempt where partition = ${window.partition} and position = any (${positions}::bigint[])`)
    await tx.query(sql`delete from notification where partition = ${window.partition} and position = any (${positions}::bigint[])`)
    await tx.query(sql`delete from event where partition = ${window.partition} and position = any (${positions}::bigint[])`)
  }
  const last = looked.at(-1)
  return { removed: positions.length, next: last?.isOld && looked.length === EVENTS_PER_BATCH ? last.position : 0 }
})

/** The next records of a partition, and which of them may go. Dead letters keep their event. */
const readWindow = (tx: Db, { partition, after, upTo, seenHours, retentionHours }: Window) => tx.query<{ position: number; isOld: boolean; mayGo: boolean }>(sql`
  with looked as (
    select event.position, event.received < now() - ${seenHours} * interval '1 hour' as is_old
    from event
    where event.partition = ${partition} and event.position > ${after} and event.position <= ${upTo}
    order by event.position
    limit ${EVENTS_PER_BATCH}
  )
  select position, is_old as "isOld",
         is_old
         and not exists (select from dead_letter where dead_letter.partition = ${partition} and dead_letter.position = looked.position)
         and not exists (
           select from notification
           where notification.partition = ${partition} and notification.position = looked.position
             and (notification.settled is null or notification.settled > now() - ${retentionHours} * interval '1 hour')) as "mayGo"
  from looked
  order by position`)

/** An expired subscription also waits until everything received before its expiry is dispatched. */
async function removeSubscriptions(db: Database, seenHours: number): Promise<number> {
  return db.transaction(async (tx) => {
    const gone = await tx.query<{ id: number }>(sql`
      select subscription.id
      from subscription
      where subscription.ended < now() - ${seenHours} * interval '1 hour'
        and not exists (
          select from delivery_target join notification on notification.target_id = delivery_target.id
          where delivery_target.subscription_id = subscription.id)
        and not exists (
          select from partition_cursor
          cross join lateral (
            select event.received from event
            where event.partition = partition_cursor.partition and event.position > partition_cursor.position
            order by event.position limit 1) as next
          where subscription.end_reason = 'expired' and next.received < subscription.expiry)
        and not exists (select from subject_removal_member where subject_removal_member.subscription_id = subscription.id)
      limit ${SUBSCRIPTIONS_PER_BATCH}
      for update skip locked`)
    const ids = gone.map((row) => row.id)
    if (ids.length === 0) return 0
    await tx.query(sql`delete from delivery_target where subscription_id = any (${ids}::bigint[])`)
    await tx.query(sql`delete from subscription where id = any (${ids}::bigint[])`)
    return ids.length
  })
}

/** Passes over the row of an address that a change brings back at this moment, and waits for none, so the two cannot wait for each other. */
async function removeTargets(db: Db, seenHours: number): Promise<number> {
  const rows = await db.query(sql`
    with gone as (
      select target.id
      from delivery_target as target
      where target.ended < now() - ${seenHours} * interval '1 hour'
        and not exists (select from notification where notification.target_id = target.id)
      limit ${TARGETS_PER_BATCH}
      for update skip locked
    )
    delete from delivery_target
    using gone
    where delivery_target.id = gone.id
    returning 1`)
  return rows.length
}

/** A key goes after its event, which may have to stay longer: until then its uuid is taken. */
async function removeKeys(db: Db, seenHours: number): Promise<number> {
  const rows = await db.query(sql`
    delete from idempotency_key
    where uuid in (
      select uuid
      from idempotency_key
      where created < now() - ${seenHours} * interval '1 hour' and not exists (select from event where event.uuid = idempotency_key.uuid)
      order by created
      limit ${KEYS_PER_BATCH})
    returning 1`)
  return rows.length
}

async function removeSeries(db: Db): Promise<number> {
  const rows = await db.query(sql`
    delete from series
    where series_key in (select series_key from series where used < now() - ${SERIES_DAYS} * interval '1 day' limit 1000)
    returning 1`)
  return rows.length
}
