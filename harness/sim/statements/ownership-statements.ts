import { lockRow, lockRowOrSkip, locking, reading, zip, type Model, type Part } from '../database/model.ts'
import { CURSORS, DISPATCHERS, PARTITIONS, type PartitionRow } from '../database/schema.ts'
import type { Transaction } from '../database/tables.ts'

/** From this format of a partition on, lanes that go well have no row. */
const LANES_IN_MEMORY = 2

/** The statements of server/ownership/ownership-store.ts. */
export const ownershipStatements: readonly Model[] = [
  locking<[id: string, address: string, format: number, leaving: boolean, leaseMs: number]>(
    'registerDispatcher',
    'insert into dispatcher',
    function* (tx, id, _address, format, leaving, leaseMs) {
      yield* lockRow(DISPATCHERS, id)
      const known = tx.get(DISPATCHERS, id)
      tx.put(DISPATCHERS, { id, format: known?.format ?? format, leaving, leaseUntil: tx.clock + leaseMs })
      return []
    },
  ),
  locking<[leaseMs: number, address: string, leaving: boolean, id: string]>(
    'renewLease',
    'update dispatcher',
    function* (tx, leaseMs, _address, leaving, id) {
      if (!tx.get(DISPATCHERS, id)) return []
      yield* lockRow(DISPATCHERS, id)
      const row = tx.get(DISPATCHERS, id)
      if (!row) return []
      tx.put(DISPATCHERS, { ...row, leaving, leaseUntil: tx.clock + leaseMs })
      return [{ id }]
    },
  ),
  locking<[]>('reapExpiredDispatchers', 'where lease_until < clock_timestamp()', function* (tx) {
    for (const { id } of tx.all(DISPATCHERS).filter(({ leaseUntil }) => leaseUntil < tx.clock)) {
      yield* lockRow(DISPATCHERS, id)
      const row = tx.get(DISPATCHERS, id)
      if (row && row.leaseUntil < tx.clock) tx.remove(DISPATCHERS, id)
    }
    return []
  }),
  reading<[]>('readDispatchers', 'select id, format, leaving as "isLeaving"', (tx) =>
    tx.all(DISPATCHERS).map(({ id, format, leaving, leaseUntil }) => ({
      id,
      format,
      isLeaving: leaving,
      leaseMs: leaseUntil - tx.clock,
    })),
  ),
  reading<[]>('readPartitions', 'left join dispatcher', (tx) =>
    tx.all(PARTITIONS).map(({ id, epoch, owner, format }) => ({
      id,
      epoch,
      owner: owner !== null && tx.get(DISPATCHERS, owner) ? owner : null,
      format,
    })),
  ),
  locking<[ids: number[], limit: number, ownerId: string, format: number]>(
    'takePartitions',
    'with free as materialized',
    takePartitions,
  ),
  locking<[ownerId: string, ids: number[], epochs: number[]]>(
    'renew_epochs',
    'renew_epochs(',
    function* (tx, ownerId, ids, epochs) {
      const isOurs = ([id, epoch]: [number, number]) => {
        const row = tx.get(PARTITIONS, String(id))
        return row?.owner === ownerId && row.epoch === epoch
      }
      const locked: PartitionRow[] = []
      for (const mine of zip(ids, epochs)
        .filter(isOurs)
        .sort(([a], [b]) => a - b)) {
        yield* lockRow(PARTITIONS, String(mine[0]))
        const row = tx.get(PARTITIONS, String(mine[0]))
        if (row && isOurs(mine)) locked.push(row)
      }
      const renewed = locked.map((row) => ({ ...row, epoch: row.epoch + 1 }))
      for (const row of renewed) tx.put(PARTITIONS, row)
      return renewed.map(({ id, epoch }) => ({ id, epoch }))
    },
  ),
  locking<[ids: number[], formats: number[], ownerId: string]>(
    'releasePartitions',
    'greatest(partition.format, given.format)',
    function* (tx, ids, formats, ownerId) {
      const released: { id: number }[] = []
      for (const [id, format] of zip(ids, formats).sort(([a], [b]) => a - b)) {
        if (tx.get(PARTITIONS, String(id))?.owner !== ownerId) continue
        if (!(yield* lockRowOrSkip(PARTITIONS, String(id)))) continue
        const row = tx.get(PARTITIONS, String(id))
        if (row?.owner !== ownerId) continue
        tx.put(PARTITIONS, { id, owner: null, epoch: row.epoch + 1, format: Math.max(row.format, format) })
        released.push({ id })
      }
      return released
    },
  ),
  locking<[ownerId: string]>(
    'releaseAll',
    'set owner = null, epoch = epoch + 1\n  where owner',
    function* (tx, ownerId) {
      for (const { id } of tx.all(PARTITIONS).filter(({ owner }) => owner === ownerId)) {
        yield* lockRow(PARTITIONS, String(id))
        const row = tx.get(PARTITIONS, String(id))
        if (row?.owner === ownerId) tx.put(PARTITIONS, { ...row, owner: null, epoch: row.epoch + 1 })
      }
      return []
    },
  ),
  locking<[id: string]>('removeDispatcher', 'delete from dispatcher where id', function* (tx, id) {
    if (!tx.get(DISPATCHERS, id)) return []
    yield* lockRow(DISPATCHERS, id)
    if (tx.get(DISPATCHERS, id)) tx.remove(DISPATCHERS, id)
    return []
  }),
]

/**
 * Partitions that come from a former release have a row for every lane, so everything up to their cursor may be passed:
 * the same statement says so. The trigger `partition_keeps_its_lanes` leaves the others to those that know such lanes.
 */
function* takePartitions(
  tx: Transaction,
  ids: readonly number[],
  limit: number,
  ownerId: string,
  format: number,
): Part<readonly object[]> {
  const free = ids.flatMap((id) => {
    const row = tx.get(PARTITIONS, String(id))
    return row && !(row.owner !== null && tx.get(DISPATCHERS, row.owner)) ? [row] : []
  })
  const taken: PartitionRow[] = []
  for (const { id, epoch } of free) {
    if (taken.length === limit) break
    if (!(yield* lockRowOrSkip(PARTITIONS, String(id)))) continue
    const row = tx.get(PARTITIONS, String(id))
    if (row?.epoch !== epoch) continue
    taken.push(row)
  }
  const mayOwn = (tx.get(DISPATCHERS, ownerId)?.format ?? 0) >= LANES_IN_MEMORY
  const owned = taken.filter((row) => row.format < LANES_IN_MEMORY || mayOwn)
  for (const { id, epoch, format: before } of owned) {
    tx.put(PARTITIONS, { id, owner: ownerId, epoch: epoch + 1, format })
    if (before >= LANES_IN_MEMORY) continue
    yield* lockRow(CURSORS, String(id))
    const cursor = tx.get(CURSORS, String(id))
    if (cursor) tx.put(CURSORS, { ...cursor, settledBelow: cursor.position })
  }
  return owned.map(({ id, epoch }) => ({ id, epoch: epoch + 1 }))
}
