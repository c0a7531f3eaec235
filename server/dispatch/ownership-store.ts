import type { Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'

export interface OwnedPartition {
  readonly id: number
  readonly epoch: number
}

/** Announces a new owner. May be repeated when its answer was lost. */
export const register = (db: Db, ownerId: string, address: string, leaseMs: number) => db.query(sql`
  insert into dispatcher (id, address, lease_until)
  values (${ownerId}, ${address}, clock_timestamp() + ${leaseMs} * interval '1 ms')
  on conflict (id) do update
  set lease_until = excluded.lease_until, address = excluded.address`)

/** Prolongs the lease, by the database's clock. No row: others have declared this owner dead, for good. */
export const renewLease = (db: Db, ownerId: string, address: string, leaseMs: number) => db.query<{ id: string }>(sql`
  update dispatcher
  set lease_until = clock_timestamp() + ${leaseMs} * interval '1 ms', address = ${address}
  where id = ${ownerId}
  returning id`)

/**
 * Declares owners dead whose lease has run out. A statement of its own, committed before their partitions are taken: a
 * renewal and this delete order on the one row, so an owner that lives cannot lose a partition (decision 0002).
 */
export const buryDeadOwners = (db: Db) => db.query(sql`
  delete from dispatcher
  where lease_until < clock_timestamp()`)

/**
 * Takes partitions whose owner is not registered, and raises their epochs. The epoch is compared again under the lock: of
 * two that saw the same dead owner, the second finds it raised and takes nothing. Skips rows that are locked: a
 * transaction of the old owner is still on its way; the next turn finds them again.
 */
export const takeFreePartitions = (db: Db, ownerId: string, refused: readonly number[]) => db.query<OwnedPartition>(sql`
  with free as materialized (
    select id, epoch
    from partition
    where id <> all (${refused}::smallint[]) and not exists (select from dispatcher where dispatcher.id = partition.owner)
  ), locked as (
    select partition.id
    from partition
    join free on free.id = partition.id
    where partition.epoch = free.epoch
    order by partition.id
    for update of partition skip locked
  )
  update partition
  set owner = ${ownerId}, epoch = epoch + 1
  from locked
  where partition.id = locked.id
  returning partition.id, partition.epoch`)

export const readOwned = (db: Db, ownerId: string) => db.query<OwnedPartition>(sql`
  select id, epoch
  from partition
  where owner = ${ownerId}
  order by id`)

/** Gives these partitions back, fenced against what this process may still have on its way. Waits for its transactions. */
export const releasePartitions = (db: Db, ownerId: string, ids: readonly number[]) => db.query(sql`
  update partition
  set owner = null, epoch = epoch + 1
  where owner = ${ownerId} and id = any (${ids}::smallint[])`)

export const removeDispatcher = (db: Db, ownerId: string) => db.query(sql`delete from dispatcher where id = ${ownerId}`)

/** Only for a process that knows it is alone on this database: whoever held a lease is dead. */
export const removeAllDispatchers = (db: Db) => db.query(sql`delete from dispatcher`)
