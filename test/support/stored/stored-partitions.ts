import { DISPATCH_LOCKS } from '@tidings/server/db/advisory-locks.ts'
import type { Db } from '@tidings/server/db/db.ts'
import { sql } from '@tidings/server/db/sql.ts'

export interface StoredPartition {
  readonly id: number
  readonly owner: string | null
  readonly epoch: number
  readonly format: number
}

export const storedPartitions = (db: Db) =>
  db.query<StoredPartition>(sql`select id, owner, epoch, format from partition order by id`)

/** The owner of each partition, in the order of their ids. */
export const partitionOwners = async (db: Db) => (await storedPartitions(db)).map(({ owner }) => owner)

/** Of the partitions that have an owner. */
export const ownedPartitions = async (db: Db) => (await storedPartitions(db)).filter(({ owner }) => owner !== null)

/** How many partitions are with dispatchers of other processes than this. */
export const countPartitionsOfOthers = async (db: Db, pid: number) =>
  (
    await db.query(sql`
    select from partition where owner in (select id from dispatcher where address not like ${`% ${pid} %`})`)
  ).length

/** Has the owner take over all partitions, at the next epochs or at this one. Returns the epochs. */
export async function takePartitions(
  db: Db,
  owner: string,
  epoch: number | null = null,
): Promise<ReadonlyMap<number, number>> {
  const rows = await db.query<{ id: number; epoch: number }>(sql`
    update partition set owner = ${owner}, epoch = coalesce(${epoch}::bigint, epoch + 1) returning id, epoch`)
  return new Map(rows.map(({ id, epoch }) => [id, epoch]))
}

export const setPartitionEpochs = (db: Db, epoch: number) => db.query(sql`update partition set epoch = ${epoch}`)

export const setPartition = (db: Db, id: number, { epoch, owner }: Pick<StoredPartition, 'epoch' | 'owner'>) =>
  db.query(sql`update partition set epoch = ${epoch}, owner = ${owner} where id = ${id}`)

/** Has the partition have met a record of this format. */
export const setPartitionFormat = (db: Db, id: number, format: number) =>
  db.query(sql`update partition set format = ${format} where id = ${id}`)

/**
 * Returns how many partitions each living dispatcher holds, the fewest first. Free partitions, and those of the dead,
 * are not counted.
 */
export async function readShares(db: Db): Promise<number[]> {
  const rows = await db.query<{ partitions: number }>(sql`
    select count(partition.id)::integer as partitions
    from dispatcher
    left join partition on partition.owner = dispatcher.id
    where dispatcher.lease_until > clock_timestamp()
    group by dispatcher.id
    order by 1`)
  return rows.map(({ partitions }) => partitions)
}

/** Ids of the dispatchers whose lease ends before this time. */
export const leasesEndingBefore = async (db: Db, time: string) =>
  (await db.query<{ id: string }>(sql`select id from dispatcher where lease_until < ${time}::timestamptz`)).map(
    ({ id }) => id,
  )

/** Stores a dispatcher whose lease has run out a second ago. */
export const storeLateDispatcher = (db: Db, id: string) =>
  db.query(sql`
    insert into dispatcher (id, address, lease_until) values (${id}, 'late', clock_timestamp() - interval '1 s')`)

/** Renews the lease for a minute. */
export const renewLease = (db: Db, id: string) =>
  db.query(sql`update dispatcher set lease_until = clock_timestamp() + interval '1 minute' where id = ${id}`)

/** As others do it who declare it dead. */
export const removeDispatcher = (db: Db, id: string) => db.query(sql`delete from dispatcher where id = ${id}`)

/** Until the transaction ends no lease is taken, renewed or read. */
export const lockDispatchers = (tx: Db) => tx.query(sql`lock table dispatcher in access exclusive mode`)

/** Until the transaction ends nothing is dispatched: no partition can be advanced. */
export const lockCursors = (tx: Db) => tx.query(sql`select from partition_cursor for update`)

/** Until the transaction ends no dispatch can end: each notes which events it has dispatched. */
export const lockDispatched = (tx: Db) => tx.query(sql`lock table dispatched in share mode`)

/** Takes the lock of a dispatch in each partition, until the transaction ends. */
export const lockDispatches = (tx: Db) =>
  tx.query(sql`select pg_advisory_xact_lock(${DISPATCH_LOCKS}::integer, id) from partition`)

export interface StoredInstallation {
  readonly id: string
  readonly partitionCount: number
  readonly brokerKind: string
}

export async function storedInstallation(db: Db): Promise<StoredInstallation> {
  const [row] = await db.query<StoredInstallation>(
    sql`select id, partition_count as "partitionCount", broker_kind as "brokerKind" from installation`,
  )
  if (!row) throw new Error('nothing is installed')
  return row
}
