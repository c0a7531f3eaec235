import type { Database } from '../db/database.ts'
import type { Log } from '../log.ts'
import type { AssignedPartitions } from './assigned-partitions.ts'
import { rangesOf } from './ranges.ts'
import {
  reapExpiredDispatchers,
  readDispatchers,
  readPartitions,
  takePartitions,
  type PartitionRow,
} from './ownership-store.ts'
import { assignPartitions, countWorking, eligibleDispatchers } from './assign-partitions.ts'

/**
 * A dispatcher that cannot reach the broker releases its partitions to those that can after this time: it may be the
 * first of all to notice.
 */
const DISCONNECTED_MS = 5000

export interface BalanceDeps {
  readonly db: Database
  readonly assigned: AssignedPartitions
  /** The newest format of records that this process reads. */
  readonly format: number
  /** Called with the number of dispatchers at work, before partitions are taken or released because of it. */
  readonly onCounted: (dispatchers: number) => void
  readonly onTaken: () => void
  readonly log: Log
  readonly clock: () => number
}

export interface Balanced {
  /** The share of this process is not complete. */
  readonly isMissingPartitions: boolean
  /** Time until the leases of the others end. */
  readonly leasesEndMs: readonly number[]
}

/**
 * Reads all dispatchers and partitions, takes what is missing from the share of this process, releases what exceeds it.
 */
export function createBalance({
  db,
  assigned,
  format,
  onCounted,
  onTaken,
  log,
  clock,
}: BalanceDeps): (ownerId: string, options: { readonly isStopping: boolean }) => Promise<Balanced> {
  let freeSince: ReadonlyMap<number, number> = new Map()

  /** Since when other dispatchers reach the broker and this one does not. */
  let disconnectedSince: number | undefined

  /** Adds how long each free partition has been observed as free. */
  function withFreeTime(rows: readonly PartitionRow[]) {
    const now = clock()
    freeSince = new Map(rows.filter(({ owner }) => owner === null).map(({ id }) => [id, freeSince.get(id) ?? now]))
    return rows.map((row) => ({ ...row, freeMs: now - (freeSince.get(row.id) ?? now) }))
  }

  function isPatient(isDisconnected: boolean): boolean {
    disconnectedSince = isDisconnected ? (disconnectedSince ?? clock()) : undefined
    return disconnectedSince !== undefined && clock() - disconnectedSince < DISCONNECTED_MS
  }

  return async (ownerId, { isStopping }) => {
    await reapExpiredDispatchers(db)
    const [dispatchers, rows] = await Promise.all([readDispatchers(db), readPartitions(db)])
    onCounted(countWorking(dispatchers.length, rows.length))
    const eligible = isStopping ? dispatchers : eligibleDispatchers(dispatchers)
    const {
      take,
      limit,
      release: surplus,
      hasRoom,
    } = assignPartitions({
      me: ownerId,
      dispatchers: eligible,
      partitions: withFreeTime(rows),
      releasing: assigned.releasing(),
    })
    const isDisconnected = !isStopping && eligible.some(({ id, isLeaving }) => id === ownerId && isLeaving)
    const release = isPatient(isDisconnected) ? [] : surplus
    const taken = take.length === 0 ? [] : await takePartitions(db, { ownerId, format }, take, limit)
    assigned.replace([...rows.filter(({ owner }) => owner === ownerId), ...taken])
    assigned.release(release)
    if (taken.length > 0) {
      log.info({ partitions: rangesOf(taken.map(({ id }) => id)) }, 'partitions taken')
      onTaken()
    }
    if (release.length > 0) log.info({ partitions: rangesOf(release) }, 'partitions are handed over')
    const isMissingPartitions = hasRoom && taken.length < limit
    return {
      isMissingPartitions,
      leasesEndMs: dispatchers.filter(({ id }) => id !== ownerId).map(({ leaseMs }) => leaseMs),
    }
  }
}
