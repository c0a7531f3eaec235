import type { Db } from '../db/db.ts'
import { INSTANT_FORMAT } from '../db/instant-format.ts'
import { sql } from '../db/sql.ts'
import { required } from '../runtime/required.ts'
import type { UnsettledNotification } from './known-rows.ts'
import type { EventText, Target } from './lane-model.ts'

/** The text of an event that memory does not have. */
export interface ReadText extends EventText {
  readonly position: number
  readonly deletesSubscriptions: boolean
}

/** Returns the texts of these events, in any order. The caller bounds their bytes. */
export const readTexts = (db: Db, asked: readonly { readonly partition: number; readonly position: number }[]) =>
  db.query<ReadText>(sql`
  select asked.position, text.uuid, text.body, text.seq_offset as "seqOffset",
         text.deletes_subscriptions as "deletesSubscriptions"
  from unnest(${asked.map((one) => one.partition)}::smallint[], ${asked.map((one) => one.position)}::bigint[])
    as asked (partition, position)
  cross join lateral (
    select uuid, body, seq_offset, deletes_subscriptions from event
    where event.partition = asked.partition and event.position = asked.position
    limit 1) as text`)

/** Returns these targets, in any order; those that are removed are missing. */
export const readTargets = (db: Db, ids: readonly number[]) =>
  db.query<Omit<Target, 'origin'>>(sql`
  select target.id as "targetId", target.method, target.address, target.address_key as "addressKey",
         owner.name as "subscriptionName", owner.tenant,
         coalesce(owner.end_reason = 'deleted', false) as "isCancelled"
  from unnest(${ids}::bigint[]) as asked (id)
  cross join lateral (
    select id, method, address, address_key, subscription_id from delivery_target
    where delivery_target.id = asked.id
    limit 1) as target
  cross join lateral (
    select name, tenant, end_reason from subscription
    where subscription.id = target.subscription_id
    limit 1) as owner`)

/** What a look for deletions found, and where the next one begins. */
export interface DeletionLook {
  /** The snapshot of this look, for the next one. */
  readonly seen: string
  readonly targetIds: readonly number[]
}

/**
 * Returns the targets of all subscriptions whose deletion was committed since the look that returned `seen`, however
 * long ago it began; some of earlier ones may be among them. Exact, because what was not visible to a snapshot has a
 * transaction id from its `xmin` on. `seen` null: no targets, only the snapshot to begin with.
 */
export async function readDeletions(db: Db, seen: string | null): Promise<DeletionLook> {
  const rows = await db.query<{ seen: string; targetId: number | null }>(sql`
    select pg_current_snapshot()::text as seen, deleted.id as "targetId"
    from (values (1)) as one
    left join lateral (
      select target.id
      from (
        select id from subscription
        where subscription.ended_xid >= pg_snapshot_xmin(${seen}::pg_snapshot)
        offset 0) as gone
      cross join lateral (
        select id from delivery_target
        where delivery_target.subscription_id = gone.id
        offset 0) as target) as deleted on true`)
  return {
    seen: required(rows[0], 'a look always has a row').seen,
    targetIds: rows.flatMap(({ targetId }) => targetId ?? []),
  }
}

export interface CursorRow {
  readonly partition: number
  /** Everything up to here is dispatched. */
  readonly cursor: number
  /** The watermark: everything up to here is settled, or in a lane that has a row. */
  readonly settledBelow: number
}

export const readCursors = (db: Db, partitions: readonly number[]) =>
  db.query<CursorRow>(sql`
  select mine.partition, cursor.position as cursor, cursor.settled_below as "settledBelow"
  from unnest(${partitions}::smallint[]) as mine (partition)
  cross join lateral (
    select position, settled_below from partition_cursor
    where partition_cursor.partition = mine.partition
    limit 1) as cursor`)

/** A notification that is not settled, with what was read about its lane. */
export interface UnsettledRow extends UnsettledNotification {
  readonly partition: number
  /** Its lane has a row. */
  readonly isCold: boolean
}

/**
 * Returns the first `limit` notifications of a partition that are not settled, of events behind `after`, by position,
 * and all others of the last one's event: the next call goes on behind it. Fewer than `limit`: there are no more. Reads
 * everything that is settled in between.
 */
export const readUnsettled = (db: Db, partition: number, after: number, limit: number) =>
  db.query<UnsettledRow>(sql`
  select waiting.partition, waiting.position, waiting.target_id as "targetId", waiting.lane_series as "laneSeries",
         waiting.uuid, waiting.number, to_char(waiting.created at time zone 'UTC', ${INSTANT_FORMAT}) as created,
         (extract(epoch from now() - waiting.created) * 1000)::float8 as "ageMs",
         coalesce(cold.has_row, false) as "isCold"
  from (
    select partition, position, target_id, lane_series, uuid, number, created from notification
    where notification.partition = ${partition} and notification.position > ${after}
      and notification.settled is null
    order by notification.position
    fetch first (${limit}) rows with ties) as waiting
  left join lateral (
    select true as has_row from lane
    where lane.target_id = waiting.target_id and lane.lane_series = waiting.lane_series
    limit 1) as cold on true
  order by waiting.position`)
