import { KEEPS_LANES_FORMAT, type Broker } from '../broker/broker.ts'
import type { Database } from '../db/database.ts'
import type { Ownership } from '../db/fence.ts'
import type { Log } from '../log.ts'
import { deferred } from '../runtime/deferred.ts'
import { within } from '../runtime/within.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'
import { MACHINE, type Machine } from '../runtime/machine.ts'
import { createBalance } from './balance.ts'
import { createAssignedPartitions } from './assigned-partitions.ts'
import { createLease } from './lease.ts'
import { restBeforePoll } from './next-poll.ts'
import { createRenewals } from './renewals.ts'
import { releaseAll, releasePartitions, removeAllDispatchers, type ReleasedPartition } from './ownership-store.ts'

/** How long a stop waits for the database to take the partitions back. */
const RELEASE_MS = 5000

export interface OwnershipDeps {
  /** A connection of its own: a renewal must not queue behind work. */
  readonly db: Database
  readonly broker: Pick<Broker, 'assign'>
  /** Whether this process cannot reach the broker; those that can are to have the partitions. */
  readonly isDisconnected?: () => boolean
  readonly address: () => string
  /** No other process can use this database, so leases found at the start belong to dead owners. */
  readonly isAlone: boolean
  /** Resolves when all work on a partition has ended and is written. */
  readonly drain: (partition: number) => Promise<void>
  /** Called when partitions were taken: there may be work in the tables. */
  readonly onTaken: () => void
  /** Called when the first lease is held. */
  readonly onLeased: () => void
  readonly log: Log
  /** The newest format that this process reads. */
  readonly format?: number
  readonly machine?: Machine | undefined
  /** Monotonic clock in ms; it advances while the process is stopped. */
  readonly clock?: () => number
}

/** `stop` hands over all partitions and ends the lease, which is renewed until then. */
export interface OwnershipWorker extends Worker, Ownership {
  /** Gives up a partition for newer processes: this version cannot read the records in it. */
  refuse(partition: number): void
  /**
   * Raises the epochs of these partitions, as soon as nothing holds the fence under the former ones: what still runs
   * of this process ends or is refused. With none, it looks at once what is still ours.
   */
  renew(partitions: readonly number[]): void
}

/** Maintains the lease of this process and its share of the partitions (docs/architecture.md, Ownership). */
export function createOwnership(deps: OwnershipDeps): OwnershipWorker {
  const { db, broker, isDisconnected = () => false, address, isAlone, drain, onTaken, onLeased, log } = deps
  const { format = KEEPS_LANES_FORMAT, machine = MACHINE, clock = machine.now } = deps
  const lease = createLease({ db, address, format, clock, newId: machine.uuid })
  const tick = () => poll().catch(suspendWithoutLease)
  const loop = createLoop({ name: 'ownership', log, tick, restAfterErrorMs: 250, machine })
  const assigned = createAssignedPartitions({ broker, drain, onDrained: loop.wake, log })
  const balance = createBalance({ db, assigned, format, onCounted, onTaken, log, clock })
  const renewals = createRenewals({ db, assigned, onRenewed: onTaken })
  let working = 1
  let isFirst = true
  let isStarted = false
  /** Set by a stop, which waits for it. */
  let onEmpty: (() => void) | undefined
  let stopped: Promise<void> | undefined

  function onCounted(count: number): void {
    working = count
  }

  /** Without the database, but perhaps not without the broker, which gives a queue to one process at a time. */
  function suspendWithoutLease(error: unknown): never {
    if (!lease.isHeld()) assigned.suspend()
    throw error
  }

  async function poll(): Promise<number> {
    const startedAt = clock()
    const isStopping = onEmpty !== undefined
    if (isFirst && isAlone) await removeAllDispatchers(db)
    if (!(await lease.renew({ isLeaving: isStopping || isDisconnected() }))) {
      assigned.replace([])
      return 0
    }
    await renewals.run(lease.ownerId)
    const isReleased = await releaseDrained(db, lease.ownerId, assigned.drained())
    const { isMissingPartitions, leasesEndMs } = await balance(lease.ownerId, { isStopping })
    if (isFirst) onLeased()
    isFirst = false
    if (isStopping && assigned.owned().size === 0) onEmpty?.()
    return restBeforePoll({
      elapsedMs: clock() - startedAt,
      leasesEndMs,
      isUnfinished: isMissingPartitions || !isReleased,
    })
  }

  /**
   * Releases each partition as soon as it is drained. What the database does not take back in time, others take when
   * the lease ends.
   */
  async function handOver(): Promise<void> {
    const isEmpty = deferred()
    onEmpty = isEmpty.resolve
    assigned.release([...assigned.active().keys()])
    loop.wake()
    await assigned.allDrained()
    // Without a lease there is no database to wait for.
    if (lease.isHeld()) await within(RELEASE_MS, isEmpty.promise, machine)
  }

  async function stop(): Promise<void> {
    await handOver()
    await loop.stop()
    assigned.replace([])
    await releaseAll(db, lease.ownerId)
      .then(lease.end)
      .catch((error: unknown) => log.warn({ err: error }, 'partitions not released'))
  }

  return {
    activePartitions: () => ({ ownerId: lease.ownerId, epochs: assigned.active() }),
    ownedPartitions: () => ({ ownerId: lease.ownerId, epochs: assigned.owned() }),
    isLeaseHeld: lease.isHeld,
    workingDispatchers: () => working,
    renew(partitions) {
      renewals.request(partitions)
      loop.wake()
    },
    refuse(partition) {
      log.error({ partition }, 'partition given up: its records have a newer format')
      assigned.release([partition], format + 1)
    },
    start() {
      isStarted = true
      loop.start()
    },
    stop: () => (stopped ??= isStarted ? stop() : Promise.resolve()),
  }
}

/** Returns false when some could not be released yet. Called after the renewal, which this must not delay. */
const releaseDrained = async (db: Database, ownerId: string, drained: readonly ReleasedPartition[]) =>
  drained.length === 0 || (await releasePartitions(db, ownerId, drained)).length === drained.length
