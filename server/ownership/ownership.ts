import { RECORD_FORMAT, type Broker } from '../broker/broker.ts'
import type { Database } from '../db/database.ts'
import type { Held } from '../db/fence.ts'
import type { Log } from '../log.ts'
import { within } from '../runtime/deadline.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'
import { createBalance } from './balance.ts'
import { createHeldPartitions } from './held-partitions.ts'
import { createLease } from './lease.ts'
import { restBeforeLook } from './next-look.ts'
import { releaseAll, releasePartitions, removeAllDispatchers, type Released } from './store.ts'

/** A stop waits so long for the database to take the partitions back. */
const RELEASE_MS = 5000

export interface OwnershipParts {
  /** A connection of its own: a renewal must not queue behind work. */
  readonly db: Database
  readonly broker: Pick<Broker, 'hold'>
  /** The broker cannot be reached from here; others who reach it are to have the partitions. */
  readonly isCutOff?: () => boolean
  readonly address: () => string
  /** Nobody else can be on this database, so leases that are found at the start belong to the dead. */
  readonly isAlone: boolean
  /** Resolves when what was begun on a partition has ended and is written. */
  readonly drain: (partition: number) => Promise<void>
  /** Partitions were taken: look for work in the tables. */
  readonly onTaken: () => void
  /** The first lease is held. */
  readonly onHeld: () => void
  readonly log: Log
  /** The newest format of record that this process reads. */
  readonly format?: number
  /** Monotonic clock in ms; goes on while a process is stopped. */
  readonly clock?: () => number
}

/** A stop hands all partitions over politely and ends the lease; until then it is renewed. */
export interface Ownership extends Worker, Held {
  /** Gives a partition up and leaves it to newer processes: this version cannot read what is in it. */
  refuse(partition: number): void
}

/** Keeps the lease of this process and its share of the partitions (docs/architecture.md, Ownership). */
export function createOwnership(parts: OwnershipParts): Ownership {
  const { db, broker, isCutOff = () => false, address, isAlone, drain, onTaken, onHeld, log, format = RECORD_FORMAT, clock = () => performance.now() } = parts
  const lease = createLease({ db, address, format, clock })
  const loop = createLoop({ name: 'ownership', log, turn: () => look().catch(cutOff), restAfterErrorMs: 250 })
  const held = createHeldPartitions({ broker, drain, onDrained: loop.wake, log })
  const balance = createBalance({ db, held, format, onTaken, log, clock })
  let isFirst = true
  let isStarted = false
  /** Set by a stop, which waits for it. */
  let onEmpty: (() => void) | undefined
  let stopped: Promise<void> | undefined

  /** Cut off from the database, but perhaps not from the broker, which gives a queue to one process at a time. */
  function cutOff(error: unknown): never {
    if (!lease.isHeld()) held.suspend()
    throw error
  }

  async function look(): Promise<number> {
    const startedAt = clock()
    const isStopping = onEmpty !== undefined
    if (isFirst && isAlone) await removeAllDispatchers(db)
    if (!(await lease.renew({ isLeaving: isStopping || isCutOff() }))) {
      held.replace([])
      return 0
    }
    const isReleased = await releaseDrained(db, lease.ownerId, held.drained())
    const { isShort, leasesEndMs } = await balance(lease.ownerId, { isStopping })
    if (isFirst) onHeld()
    isFirst = false
    if (isStopping && held.all().size === 0) onEmpty?.()
    return restBeforeLook({ elapsedMs: clock() - startedAt, leasesEndMs, isUnfinished: isShort || !isReleased })
  }

  /** All that is ours goes to the others as soon as it is drained. What the database does not take back in time, they take when the lease ends. */
  async function handOver(): Promise<void> {
    const isEmpty = new Promise<void>((resolve) => {
      onEmpty = resolve
    })
    held.letGo([...held.worked().keys()])
    loop.wake()
    await held.allDrained()
    // Without a lease there is no database to wait for.
    if (lease.isHeld()) await within(RELEASE_MS, isEmpty)
  }

  async function stop(): Promise<void> {
    await handOver()
    await loop.stop()
    held.replace([])
    await releaseAll(db, lease.ownerId).then(lease.end).catch((error: unknown) => log.warn({ err: error }, 'partitions not released'))
  }

  return {
    holding: () => ({ ownerId: lease.ownerId, epochs: held.worked() }),
    settling: () => ({ ownerId: lease.ownerId, epochs: held.all() }),
    isLeaseHeld: lease.isHeld,
    refuse(partition) {
      log.error({ partition }, 'partition given up: its records have a newer format')
      held.letGo([partition], format + 1)
    },
    start() {
      isStarted = true
      loop.start()
    },
    stop: () => (stopped ??= isStarted ? stop() : Promise.resolve()),
  }
}

/** Answers false when some could not be released yet. After the renewal, which they must not delay. */
const releaseDrained = async (db: Database, ownerId: string, drained: readonly Released[]) =>
  drained.length === 0 || (await releasePartitions(db, ownerId, drained)).length === drained.length
