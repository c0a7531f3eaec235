import type { Database } from '../db/database.ts'
import type { Log } from '../log.ts'
import type { HeldPartitions } from './held-partitions.ts'
import { rangesOf } from './ranges.ts'
import { buryDeadOwners, readDispatchers, readPartitions, takePartitions, type PartitionRow } from './store.ts'
import { contendersOf, decideShares } from './shares.ts'

/** Others who reach the broker are left the partitions of one that does not after this: it may be the first of all to notice. */
const CUT_OFF_MS = 5000

export interface BalanceParts {
  readonly db: Database
  readonly held: HeldPartitions
  /** The newest format of record that this process reads. */
  readonly format: number
  readonly onTaken: () => void
  readonly log: Log
  readonly clock: () => number
}

export interface Balanced {
  /** Partitions are missing from the share of this process. */
  readonly isShort: boolean
  /** Until the leases of the others end. */
  readonly leasesEndMs: readonly number[]
}

/** Looks at all dispatchers and partitions, takes what is missing from the share of this one, lets go what is too much. */
export function createBalance({ db, held, format, onTaken, log, clock }: BalanceParts): (ownerId: string, options: { readonly isStopping: boolean }) => Promise<Balanced> {
  let freeSince: ReadonlyMap<number, number> = new Map()

  /** Since when others reach the broker and this one does not. */
  let cutOffSince: number | undefined

  /** How long each free partition has been seen free. */
  function timed(rows: readonly PartitionRow[]) {
    const now = clock()
    freeSince = new Map(rows.filter(({ owner }) => owner === null).map(({ id }) => [id, freeSince.get(id) ?? now]))
    return rows.map((row) => ({ ...row, freeMs: now - (freeSince.get(row.id) ?? now) }))
  }

  function isPatient(isCutOff: boolean): boolean {
    cutOffSince = isCutOff ? cutOffSince ?? clock() : undefined
    return cutOffSince !== undefined && clock() - cutOffSince < CUT_OFF_MS
  }

  return async (ownerId, { isStopping }) => {
    await buryDeadOwners(db)
    const [dispatchers, rows] = await Promise.all([readDispatchers(db), readPartitions(db)])
    const contenders = isStopping ? dispatchers : contendersOf(dispatchers)
    const { take, most, release: surplus, hasRoom } = decideShares({ me: ownerId, dispatchers: contenders, partitions: timed(rows), leaving: held.leaving() })
    const isCutOff = !isStopping && contenders.some(({ id, isLeaving }) => id === ownerId && isLeaving)
    const release = isPatient(isCutOff) ? [] : surplus
    const taken = take.length === 0 ? [] : await takePartitions(db, { ownerId, format }, take, most)
    held.replace([...rows.filter(({ owner }) => owner === ownerId), ...taken])
    held.letGo(release)
    if (taken.length > 0) {
      log.info({ partitions: rangesOf(taken.map(({ id }) => id)) }, 'partitions taken')
      onTaken()
    }
    if (release.length > 0) log.info({ partitions: rangesOf(release) }, 'partitions are handed over')
    const isShort = hasRoom && taken.length < most
    return { isShort, leasesEndMs: dispatchers.filter(({ id }) => id !== ownerId).map(({ leaseMs }) => leaseMs) }
  }
}
