import type { Db } from '../db/db.ts'
import { isLostOwnership, type OwnedPartitions, type Ownership } from '../db/fence.ts'
import type { Log } from '../log.ts'
import type { DispatchedEvent, DispatchedNotification } from './known-rows.ts'
import type { LaneMemory } from './lane-memory.ts'
import { loadPartition } from './load-partition.ts'
import type { PartitionLanes } from './lane-model.ts'
import { createRowWriter } from './row-writer.ts'
import type { TargetCache } from './target-cache.ts'

const SWEEP_EVERY_MS = 1000

export interface LaneKeeperDeps {
  /** The connection of dispatch: rows of lanes come and go in one order with it. */
  readonly db: Db
  readonly memory: LaneMemory
  readonly targets: TargetCache
  readonly ownership: Ownership & {
    /** Raises the epochs of these partitions: what still runs under the former ones ends, or is refused. */
    renew(partitions: readonly number[]): void
  }
  /** Whether deletions are known, which `targets` relies on. */
  readonly isReady: () => boolean
  /**
   * Resolves when no statement that settles notifications of this partition is under way, nor an attempt from before
   * the partition was lost.
   */
  readonly ended: (home: PartitionLanes) => Promise<void>
  /** There may be due lanes in the table. */
  readonly onLoaded: () => void
  readonly log: Log
  readonly clock: () => number
}

/**
 * Writes and reads the rows of lanes, and what memory has to know after a take-over. It runs in the loop of dispatch,
 * one statement after the other on one connection: so the order of the answers is the order of the commits, and no
 * lane has to be locked.
 */
export interface LaneKeeper {
  /**
   * Adjusts memory to the partitions that are owned, reads new ones, writes requested rows. Returns whether there is
   * more to do at once. Rejects with the database's error.
   */
  keep(): Promise<boolean>
  /** Returns the partitions that dispatch may work on. */
  open(): OwnedPartitions
  /** Whether dispatch and delivery may begin work on this partition. */
  isOpen(home: PartitionLanes): boolean
  watermarkOf(partition: number): number
  /** Adds what a dispatch has inserted. */
  dispatched(batch: DispatchedBatch): Promise<void>
  /** Says that it is not known whether a statement on these partitions was committed. */
  uncertain(partitions: Iterable<number>): void
}

export interface DispatchedBatch {
  readonly rows: readonly DispatchedNotification[]
  readonly events: ReadonlyMap<number, DispatchedEvent>
  /** They are so many that all their lanes got rows. */
  readonly areManyCold: boolean
  /** The new cursors, by partition. */
  readonly cursors: ReadonlyMap<number, number>
  /** Monotonic ms before the statement was sent. */
  readonly sentAt: number
}

export function createLaneKeeper(deps: LaneKeeperDeps): LaneKeeper {
  const { db, memory, targets, ownership, isReady, ended, onLoaded, log, clock } = deps
  const { homes } = memory
  const rows = createRowWriter({ db, memory, onUncertain: uncertain, log })
  let sweptAt = -Infinity

  function uncertain(partitions: Iterable<number>): void {
    const ids = [...partitions]
    for (const id of ids) {
      const home = homes.get(id)
      if (home?.state === 'open' || home?.state === 'loading') home.state = 'uncertain'
      else if (home?.state === 'closing') askAgain(home)
    }
    ownership.renew(ids)
  }

  async function load(): Promise<void> {
    for (const home of [...homes.values()]) {
      if (home.state !== 'loading') continue
      await ended(home)
      if (await loadPartition({ db, memory, targets, clock }, home)) onLoaded()
    }
  }

  function sweep(): void {
    if (clock() - sweptAt < SWEEP_EVERY_MS) return
    sweptAt = clock()
    memory.sweep()
  }

  return {
    async keep() {
      if (!isReady()) return false
      adjustHomes(memory, ownership)
      sweep()
      try {
        await load()
        return await rows.write(ownership.ownedPartitions())
      } catch (error) {
        if (!isLostOwnership(error)) throw error
        ownership.renew([]) // it finds out what is still ours
        return false
      }
    },
    open() {
      const { ownerId, epochs } = ownership.activePartitions()
      const isOpen = ([id, epoch]: readonly [number, number]) => {
        const home = homes.get(id)
        return home?.state === 'open' && home.epoch === epoch
      }
      return { ownerId, epochs: new Map([...epochs].filter(isOpen)) }
    },
    isOpen: ({ state, partition, epoch }) =>
      state === 'open' && ownership.activePartitions().epochs.get(partition) === epoch,
    watermarkOf: (partition) => homes.get(partition)?.watermark() ?? 0,
    async dispatched({ rows: inserted, areManyCold, events, cursors, sentAt }) {
      try {
        const hot = inserted.flatMap(({ targetId, isCold }) => (isCold ? [] : [targetId]))
        const found = { events, targets: await targets.load(hot), sentAt }
        const byPartition = groupByPartition(inserted)
        for (const [partition, cursor] of cursors) {
          const home = homes.get(partition)
          if (home?.state !== 'open') continue
          home.cursor = cursor
          memory.dispatched(home, byPartition.get(partition) ?? [], found)
        }
        if (areManyCold) onLoaded()
      } catch (error) {
        uncertain(cursors.keys())
        throw error
      }
    },
    uncertain,
  }
}

/** Begins and ends what memory has of partitions, as they come and go. */
function adjustHomes(memory: LaneMemory, ownership: Ownership): void {
  const active = ownership.activePartitions().epochs
  const owned = ownership.ownedPartitions().epochs
  for (const home of [...memory.homes.values()]) {
    const epoch = owned.get(home.partition)
    // Only a renewal raises the epoch of a partition by one and leaves it ours.
    if (epoch === home.epoch + 1 && home.state === 'uncertain' && active.has(home.partition)) {
      home.epoch = epoch
      home.state = 'loading'
    } else if (epoch !== home.epoch) memory.close(home)
    else if (!active.has(home.partition)) {
      if (home.state === 'uncertain') askAgain(home)
      home.state = 'closing'
    }
  }
  for (const [partition, epoch] of active) if (!memory.homes.has(partition)) memory.begin(partition, epoch)
}

/** Requests again the rows of which it is not known whether they were written, for nobody will read this partition. */
function askAgain({ lanes, freezes }: PartitionLanes): void {
  for (const lane of lanes.values()) if (lane.freeze?.leaves === true) freezes.add(lane)
}

function groupByPartition<Row extends { readonly partition: number }>(
  rows: readonly Row[],
): ReadonlyMap<number, Row[]> {
  const groups = new Map<number, Row[]>()
  for (const row of rows) {
    const group = groups.get(row.partition)
    if (group) group.push(row)
    else groups.set(row.partition, [row])
  }
  return groups
}
