import type { Db } from '../db/db.ts'
import { isLostOwnership, type OwnedPartitions, type Ownership } from '../db/fence.ts'
import type { Log } from '../log.ts'
import type { FanOut } from './fan-out.ts'
import { createIntake, type Intake } from './intake.ts'
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
export interface LaneKeeper extends Intake {
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
  /**
   * Returns the fan-outs of all partitions, by position in each: what a dispatch has to know, even if its partition has
   * begun to be handed over since it was asked for.
   */
  fanOuts(): readonly FanOut[]
  /** Returns those of the partitions that are open. */
  openFanOuts(): readonly FanOut[]
  /** Whether so many notifications of a fan-out may come into memory. */
  hasRoomFor(count: number): boolean
  /** Says that it is not known whether a statement on these partitions was committed. */
  uncertain(partitions: Iterable<number>): void
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
      else if (home?.state === 'closing') memory.steps.repeatFreezes(home)
    }
    ownership.renew(ids)
  }

  const isOpen = ({ state, partition, epoch }: PartitionLanes) =>
    state === 'open' && ownership.activePartitions().epochs.get(partition) === epoch

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
      const isHome = ([id, epoch]: readonly [number, number]) => {
        const home = homes.get(id)
        return home?.state === 'open' && home.epoch === epoch
      }
      return { ownerId, epochs: new Map([...epochs].filter(isHome)) }
    },
    isOpen,
    watermarkOf: (partition) => homes.get(partition)?.watermark() ?? 0,
    fanOuts: () => [...homes.values()].flatMap((home) => [...home.fanOuts.values()]),
    openFanOuts: () => [...homes.values()].flatMap((home) => (isOpen(home) ? [...home.fanOuts.values()] : [])),
    hasRoomFor: memory.hasRoomFor,
    ...createIntake({ db, memory, targets, onUncertain: uncertain }),
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
    else if (!active.has(home.partition) && home.state !== 'closing') {
      home.state = 'closing'
      memory.steps.repeatFreezes(home)
    }
  }
  for (const [partition, epoch] of active) if (!memory.homes.has(partition)) memory.begin(partition, epoch)
}
