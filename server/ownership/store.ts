import type { Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import type { Contender } from './shares.ts'

export interface OwnedPartition {
  readonly id: number
  readonly epoch: number
}

/** What a dispatcher says of itself. */
export interface Registration extends Contender {
  /** Where it can be found. */
  readonly address: string
}

/** Announces a new owner. May be repeated when its answer was lost. */
export const register = (db: Db, { id, address, format, isLeaving }: Registration, leaseMs: number) => db.query(sql`
  insert into dispatcher (id, address, format, leaving, lease_until)
  values (${id}, ${address}, ${format}, ${isLeaving}, clock_timestamp() + ${leaseMs} * interval '1 ms')
  on conflict (id) do update
  set lease_until = excluded.lease_until, address = excluded.address, leaving = excluded.leaving`)

/** Prolongs the lease, by the database's clock. No row: others have declared this owner dead, for good. */
export const renewLease = (db: Db, { id, address, isLeaving }: Registration, leaseMs: number) => db.query<{ id: string }>(sql`
  update dispatcher
  set lease_until = clock_timestamp() + ${leaseMs} * interval '1 ms', address = ${address}, leaving = ${isLeaving}
  where id = ${id}
  returning id`)

/**
 * Declares owners dead whose lease has run out. A statement of its own, committed before their partitions are taken: a
 * renewal and this delete order on the one row, so an owner that lives cannot lose a partition (decision 0002).
 */
export const buryDeadOwners = (db: Db) => db.query(sql`
  delete from dispatcher
  where lease_until < clock_timestamp()`)

export interface RegisteredDispatcher extends Contender {
  /** Until its lease ends. */
  readonly leaseMs: number
}

export const readDispatchers = (db: Db) => db.query<RegisteredDispatcher>(sql`
  select id, format, leaving as "isLeaving", (extract(epoch from lease_until - clock_timestamp()) * 1000)::float8 as "leaseMs"
  from dispatcher`)

export interface PartitionRow extends OwnedPartition {
  /** Null when its owner is not registered. */
  readonly owner: string | null
  readonly format: number
}

export const readPartitions = (db: Db) => db.query<PartitionRow>(sql`
  select partition.id, partition.epoch, dispatcher.id as owner, partition.format
  from partition
  left join dispatcher on dispatcher.id = partition.owner
  order by partition.id`)

/**
 * Takes at most so many of these partitions, in their order, if their owners are not registered, and raises their epochs.
 * The epoch is compared again under the lock: of two that saw the same free partition, the second finds it raised and
 * takes another. Skips rows that are locked: a transaction of the old owner is still on its way; the next turn finds them
 * again. Whoever tries what it does not claim to read writes its own format: it raises it again if it was wrong.
 */
export const takePartitions = (db: Db, { ownerId, format }: { readonly ownerId: string; readonly format: number }, ids: readonly number[], most: number) => db.query<OwnedPartition>(sql`
  with free as materialized (
    select partition.id, partition.epoch, wanted.ordinality as turn
    from unnest(${ids}::smallint[]) with ordinality as wanted (id, ordinality)
    join partition on partition.id = wanted.id
    where not exists (select from dispatcher where dispatcher.id = partition.owner)
  ), locked as (
    select partition.id
    from partition
    join free on free.id = partition.id
    where partition.epoch = free.epoch
    order by free.turn
    limit ${most}
    for update of partition skip locked
  )
  update partition
  set owner = ${ownerId}, epoch = epoch + 1, format = least(partition.format, ${format})
  from locked
  where partition.id = locked.id
  returning partition.id, partition.epoch`)

/** A partition that its owner has done with. `format`: of a record in it that this version does not read; 0: none. */
export interface Released {
  readonly id: number
  readonly format: number
}

/** Gives these back, fenced against what this process may still have on its way. Never waits: rows that are locked are left for the next time. */
export const releasePartitions = (db: Db, ownerId: string, released: readonly Released[]) => db.query<{ id: number }>(sql`
  with given as (
    select * from unnest(${released.map(({ id }) => id)}::smallint[], ${released.map(({ format }) => format)}::smallint[]) as given (id, format)
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

/** Gives back all that is left. Waits for this owner's transactions. */
export const releaseAll = (db: Db, ownerId: string) => db.query(sql`
  update partition
  set owner = null, epoch = epoch + 1
  where owner = ${ownerId}`)

export const removeDispatcher = (db: Db, ownerId: string) => db.query(sql`delete from dispatcher where id = ${ownerId}`)

/** Only for a process that knows it is alone on this database: whoever held a lease is dead. */
export const removeAllDispatchers = (db: Db) => db.query(sql`delete from dispatcher`)
