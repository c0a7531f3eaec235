import type { Database } from '../db/database.ts'
import type { Held } from '../db/fence.ts'
import type { Log } from '../log.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'
import { createLease } from './lease.ts'
import { buryDeadOwners, readOwned, releasePartitions, removeAllDispatchers, takeFreePartitions, type OwnedPartition } from './ownership-store.ts'

const RENEW_EVERY_MS = 1000

export interface OwnershipParts {
  /** A connection of its own: a renewal must not queue behind work. */
  readonly db: Database
  readonly address: () => string
  /** Nobody else can be on this database, so leases that are found at the start belong to the dead. */
  readonly isAlone: boolean
  /** Partitions were taken: look for work in the tables. */
  readonly onTaken: () => void
  /** The first lease is held. */
  readonly onHeld: () => void
  readonly log: Log
  /** Monotonic clock in ms; goes on while a process is stopped. */
  readonly clock?: () => number
}

export interface Ownership extends Worker, Held {
  /** Gives a partition up and leaves it to others: this version cannot read what is in it. */
  refuse(partition: number): void
}

/** Keeps the lease of this process and the partitions it works (docs/architecture.md, Ownership). */
export function createOwnership({ db, address, isAlone, onTaken, onHeld, log, clock = () => performance.now() }: OwnershipParts): Ownership {
  const lease = createLease({ db, address, clock })
  const refused = new Set<number>()
  let epochs: ReadonlyMap<number, number> = new Map()
  let isFirst = true

  const loop = createLoop({ name: 'ownership', log, turn, restAfterErrorMs: 250 })

  async function turn(): Promise<number> {
    const startedAt = clock()
    if (isFirst && isAlone) await removeAllDispatchers(db)
    if (!(await lease.renew())) {
      replaceHolding([])
      return 0
    }
    await releaseRefused()
    await buryDeadOwners(db)
    const taken = await takeFreePartitions(db, lease.ownerId, [...refused])
    replaceHolding(await readOwned(db, lease.ownerId))
    if (taken.length > 0) {
      log.info({ partitions: taken.length }, 'partitions taken')
      onTaken()
    }
    if (isFirst) onHeld()
    isFirst = false
    return Math.max(0, RENEW_EVERY_MS - (clock() - startedAt))
  }

  /** After the renewal: a release waits for transactions of ours that are on their way. */
  async function releaseRefused(): Promise<void> {
    if (refused.size > 0) await releasePartitions(db, lease.ownerId, [...refused])
  }

  function replaceHolding(owned: readonly OwnedPartition[]): void {
    const next = new Map(owned.filter(({ id }) => !refused.has(id)).map(({ id, epoch }) => [id, epoch]))
    const lost = [...epochs.keys()].filter((id) => !next.has(id))
    if (lost.length > 0) log.warn({ partitions: lost }, 'partitions lost to another process')
    epochs = next
  }

  return {
    holding: () => ({ ownerId: lease.ownerId, epochs }),
    isLeaseHeld: lease.isHeld,
    refuse(partition) {
      refused.add(partition)
      epochs = new Map([...epochs].filter(([id]) => id !== partition))
      log.error({ partition }, 'partition given up: its records have a newer format')
    },
    start: loop.start,
    async stop() {
      await loop.stop()
      const ids = [...epochs.keys()]
      epochs = new Map()
      await releasePartitions(db, lease.ownerId, ids).then(lease.end).catch((error: unknown) => log.warn({ err: error }, 'partitions not released'))
    },
  }
}
