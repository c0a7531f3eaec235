import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { DispatcherView } from './assign-partitions.ts'

export interface OwnedPartition {
  readonly id: number
  readonly epoch: number
}

/** What a dispatcher publishes about itself. */
export interface Registration extends DispatcherView {
  /** Where it can be reached. */
  readonly address: string
}

/** Registers a new owner. May be repeated when its result was lost. */
export const registerDispatcher = (db: Db, { id, address, format, isLeaving }: Registration, leaseMs: number) =>
  db.query(sql`
  insert into dispatcher (id, address, format, leaving, lease_until)
  values (${id}, ${address}, ${format}, ${isLeaving}, clock_timestamp() + ${leaseMs} * interval '1 ms')
  on conflict (id) do update
  set lease_until = excluded.lease_until, address = excluded.address, leaving = excluded.leaving`)

/** Extends the lease, by the database's clock. No row: others have declared this owner dead, which is final. */
export const renewLease = (db: Db, { id, address, isLeaving }: Registration, leaseMs: number) =>
  db.query<{ id: string }>(sql`
  update dispatcher
  set lease_until = clock_timestamp() + ${leaseMs} * interval '1 ms', address = ${address}, leaving = ${isLeaving}
  where id = ${id}
  returning id`)

/**
 * Declares owners dead whose lease has expired. A statement of its own, committed before their partitions are taken: a
 * renewal and this delete are ordered by the one row, so a live owner cannot lose a partition (decision 0002).
 */
export const reapExpiredDispatchers = (db: Db) =>
  db.query(sql`
  delete from dispatcher
  where lease_until < clock_timestamp()`)

export interface RegisteredDispatcher extends DispatcherView {
  /** Time until its lease ends. */
  readonly leaseMs: number
}

export const readDispatchers = (db: Db) =>
  db.query<RegisteredDispatcher>(sql`
  select id, format, leaving as "isLeaving",
         (extract(epoch from lease_until - clock_timestamp()) * 1000)::float8 as "leaseMs"
  from dispatcher`)

export interface PartitionRow extends OwnedPartition {
  /** Null when its owner is not registered. */
  readonly owner: string | null
  readonly format: number
}

export const readPartitions = (db: Db) =>
  db.query<PartitionRow>(sql`
  select partition.id, partition.epoch, dispatcher.id as owner, partition.format
  from partition
  left join dispatcher on dispatcher.id = partition.owner
  order by partition.id`)

/**
 * Takes at most `limit` of these partitions, in their order, if their owners are not registered, and raises their
 * epochs. The epoch is compared again under the lock: of two dispatchers that saw the same free partition, the second
 * finds it raised and takes another. Skips locked rows, on which a transaction of the old owner still runs; the next
 * poll finds them again. The format becomes that of the new owner: one that tries a partition of a newer format raises
 * it again if the record is still there. Where the former release kept the lanes, each has a row, so the watermark goes
 * to the cursor. A trigger leaves partitions with lanes without rows to dispatchers that know them (migration 0005).
 */
export const takePartitions = (
  db: Db,
  { ownerId, format }: { readonly ownerId: string; readonly format: number },
  ids: readonly number[],
  limit: number,
) =>
  db.query<OwnedPartition>(sql`
  with free as materialized (
    select partition.id, partition.epoch, wanted.ordinality as turn
    from unnest(${ids}::smallint[]) with ordinality as wanted (id, ordinality)
    join partition on partition.id = wanted.id
    where not exists (select from dispatcher where dispatcher.id = partition.owner)
  ), locked as (
    select partition.id, partition.format
    from partition
    join free on free.id = partition.id
    where partition.epoch = free.epoch
    order by free.turn
    limit ${limit}
    for update of partition skip locked
  ), marked as (
    update partition_cursor
    set settled_below = position
    from locked
    where partition_cursor.partition = locked.id and locked.format < 2
  )
  update partition
  set owner = ${ownerId}, epoch = epoch + 1, format = ${format}
  from locked
  where partition.id = locked.id
  returning partition.id, partition.epoch`)

/**
 * Takes these partitions over from this process itself, if they are its own at these epochs: waits for statements that
 * still run under them, and has the fence refuse those that come later. Returns the new epochs; a partition that is
 * missing was lost. Locks by id. Share locks can keep it waiting without end, so nothing may be sent there meanwhile.
 */
export const renewEpochs = (db: Db, ownerId: string, mine: readonly OwnedPartition[]) =>
  db.query<OwnedPartition>(sql`
  select id, epoch
  from renew_epochs(
    owner_id => ${ownerId},
    ids => ${mine.map(({ id }) => id)}::smallint[],
    was => ${mine.map(({ epoch }) => epoch)}::bigint[])`)

/** A partition that is drained. `format`: what its next owner must read at least; 0: this one has read everything. */
export interface ReleasedPartition {
  readonly id: number
  readonly format: number
}

/**
 * Releases these partitions, fenced against transactions of this process that may still run. Never waits: locked rows
 * are left for the next time.
 */
export const releasePartitions = (db: Db, ownerId: string, released: readonly ReleasedPartition[]) =>
  db.query<{ id: number }>(sql`
  with given as (
    select *
    from unnest(${released.map(({ id }) => id)}::smallint[], ${released.map(({ format }) => format)}::smallint[])
      as given (id, format)
  ), locked as (
    select id
    from partition
    where owner = ${ownerId} and id in (select id from given)
    order by id
    for update skip locked
  )
  update partition
  set owner = null, epoch = epoch + 1, format = greatest(partition.format, given.format)
  from locked
  join given on given.id = locked.id
  where partition.id = locked.id
  returning partition.id`)

/** Releases all partitions that are left. Waits for this owner's transactions. */
export const releaseAll = (db: Db, ownerId: string) =>
  db.query(sql`
  update partition
  set owner = null, epoch = epoch + 1
  where owner = ${ownerId}`)

export const removeDispatcher = (db: Db, ownerId: string) => db.query(sql`delete from dispatcher where id = ${ownerId}`)

/** Only for a process that knows it is alone on this database: every other owner is dead. */
export const removeAllDispatchers = (db: Db) => db.query(sql`delete from dispatcher`)
