import pg from 'pg'
import type { Db } from '../db/db.ts'
import { fenceOf, type OwnedPartitions } from '../db/fence.ts'
import { INSTANT_FORMAT } from '../db/instant-format.ts'
import { sql } from '../db/sql.ts'
import type { DispatchedNotification } from '../lanes/known-rows.ts'

/** An event with more matches becomes a fan-out: its notifications are inserted in slices. */
const MAX_MATCHES = 1000
/** A batch with more of them is not inserted at once. */
const MAX_MATCHES_IN_ALL = 20_000

/** A batch, with all that was decided about it. In any order. */
export interface DispatchRequest {
  /** One for each partition of the batch: its cursor as it was read, its next one, and its watermark. */
  readonly cursors: readonly {
    readonly partition: number
    readonly was: number
    readonly next: number
    /** Everything up to here is settled, or in a lane that has a row. */
    readonly watermark: number
  }[]
  /** Those whose notifications are inserted at once. */
  readonly events: readonly DispatchRequestEvent[]
  /** Those that become a row of `fan_out`, however many they match. */
  readonly largeEvents: readonly DispatchRequestEvent[]
  /** One for each series of the batch. `before` null: no counter was read; `after` null: the series ends. */
  readonly counters: readonly {
    readonly key: string
    readonly partition: number
    readonly before: number | null
    readonly after: number | null
  }[]
  /** The events with deleteSubscriptionsMatchingSubject among both. */
  readonly removals: readonly { readonly partition: number; readonly position: number }[]
  /** Records that get no number and no notifications, but a row in `dead_letter`. */
  readonly poison: readonly {
    readonly partition: number
    readonly position: number
    readonly uuid: string
    readonly reason: string
  }[]
}

export interface DispatchRequestEvent {
  readonly partition: number
  readonly position: number
  /** seriesSeqCount, or -1 outside a series. */
  readonly number: number
}

/** SQLSTATEs that dispatch_records raises (see the migrations). */
const CURSOR_MOVED = 'TD002'
const COUNTER_CHANGED = 'TD003'
const TOO_MANY_MATCHES = 'TD004'

/**
 * Whether a dispatch failed because a cursor, or a fan-out, is not where it was read: another statement of ours was
 * there.
 */
export const isMovedCursor = (error: unknown) => error instanceof pg.DatabaseError && error.code === CURSOR_MOVED

/** Whether a dispatch failed because a counter is not what was read, as after an import: the batch is taken again. */
export const isChangedCounter = (error: unknown) => error instanceof pg.DatabaseError && error.code === COUNTER_CHANGED

/** Whether a dispatch failed because of too many matches. Nothing was inserted. */
export const isTooManyMatches = (error: unknown) => error instanceof pg.DatabaseError && error.code === TOO_MANY_MATCHES

/** Returns the positions of the events that have too many matches alone; none: only all together have. */
export const positionsOfLarge = (error: unknown): number[] =>
  isTooManyMatches(error) && error instanceof Error ? (error.message.match(/\d+/g) ?? []).map(Number) : []

/**
 * Dispatches a batch in one statement, all or nothing: cursors, watermarks, counters, dead letters, notifications.
 * Fenced. Returns the notifications, in no order. Waits for transactions that move the same cursors or counters, and
 * rejects when one has: see `isLostOwnership`, `isMovedCursor`, `isChangedCounter`. Rejects when there are too many
 * matches: see `positionsOfLarge`, `isTooManyMatches`.
 */
export function dispatchRecords(
  db: Db,
  owned: OwnedPartitions,
  request: DispatchRequest,
): Promise<DispatchedNotification[]> {
  const cursors = request.cursors.toSorted((a, b) => a.partition - b.partition)
  const events = request.events.toSorted(byPosition)
  const large = request.largeEvents.toSorted(byPosition)
  const counters = request.counters.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const removals = request.removals.toSorted(byPosition)
  const poison = request.poison.toSorted(byPosition)
  const fence = fenceOf(
    owned,
    cursors.map((one) => one.partition),
  )
  return db.query<DispatchedNotification>(sql`
    select partition, position, target_id as "targetId", uuid,
           to_char(created at time zone 'UTC', ${INSTANT_FORMAT}) as created, is_cold as "isCold"
    from dispatch_records(
      owner_id => ${owned.ownerId},
      partitions => ${fence.partitions}::smallint[],
      epochs => ${fence.epochs}::bigint[],
      cursors => ${cursors.map((one) => one.was)}::bigint[],
      next_cursors => ${cursors.map((one) => one.next)}::bigint[],
      watermarks => ${cursors.map((one) => one.watermark)}::bigint[],
      event_partitions => ${events.map((one) => one.partition)}::smallint[],
      event_positions => ${events.map((one) => one.position)}::bigint[],
      event_numbers => ${events.map((one) => one.number)}::bigint[],
      large_partitions => ${large.map((one) => one.partition)}::smallint[],
      large_positions => ${large.map((one) => one.position)}::bigint[],
      large_numbers => ${large.map((one) => one.number)}::bigint[],
      series_keys => ${counters.map((one) => one.key)}::uuid[],
      series_partitions => ${counters.map((one) => one.partition)}::smallint[],
      numbers_before => ${counters.map((one) => one.before)}::bigint[],
      numbers_after => ${counters.map((one) => one.after)}::bigint[],
      removal_partitions => ${removals.map((one) => one.partition)}::smallint[],
      removal_positions => ${removals.map((one) => one.position)}::bigint[],
      poison_partitions => ${poison.map((one) => one.partition)}::smallint[],
      poison_positions => ${poison.map((one) => one.position)}::bigint[],
      poison_uuids => ${poison.map((one) => one.uuid)}::uuid[],
      poison_reasons => ${poison.map((one) => one.reason)}::text[],
      max_of_event => ${MAX_MATCHES}::integer,
      max_in_all => ${MAX_MATCHES_IN_ALL}::integer)`)
}

const byPosition = (a: { readonly position: number }, b: { readonly position: number }) => a.position - b.position
