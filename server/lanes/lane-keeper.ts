import type { Db } from '../db/db.ts'
import { isLostOwnership, type OwnedPartitions, type Ownership } from '../db/fence.ts'
import type { Log } from '../log.ts'
import type { FanOut } from './fan-out.ts'
import { createIntake, type Intake } from './intake.ts'
import type { LaneMemory } from './lane-memory.ts'
import { loadPartition } from './load-partition.ts'
import { createOpenPartitions } from './open-partitions.ts'
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
  const open = createOpenPartitions({ homes, active: ownership.activePartitions })
  let sweptAt = -Infinity
  /** What memory was adjusted to last. */
  let adjusted: { readonly active: OwnedPartitions; readonly owned: OwnedPartitions } | undefined

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

  /** Only a change of what is owned makes a difference: what is uncertain waits for one. */
  function adjust(): void {
    const now = { active: ownership.activePartitions(), owned: ownership.ownedPartitions() }
    if (adjusted?.active.epochs === now.active.epochs && adjusted.owned.epochs === now.owned.epochs) return
    adjustHomes(memory, now)
    adjusted = now
  }

  async function load(): Promise<void> {
    const known: PartitionLanes[] = []
    homes.forEach((home) => void known.push(home))
    for (const home of known) {
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

  function fanOutsOf(isWanted: (home: PartitionLanes) => boolean): readonly FanOut[] {
    const found: FanOut[] = []
    homes.forEach((home) => {
      if (home.fanOuts.size > 0 && isWanted(home)) found.push(...home.fanOuts.values())
    })
    return found
  }

  return {
    async keep() {
      if (!isReady()) return false
      adjust()
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
    open,
    isOpen,
    watermarkOf: (partition) => homes.get(partition)?.watermark() ?? 0,
    fanOuts: () => fanOutsOf(() => true),
    openFanOuts: () => fanOutsOf(isOpen),
    hasRoomFor: memory.hasRoomFor,
    ...createIntake({ db, memory, targets, onUncertain: uncertain }),
    uncertain,
  }
}

/** Begins and ends what memory has of partitions, as they come and go. */
function adjustHomes(
  memory: LaneMemory,
  { active: { epochs: active }, owned: { epochs: owned } }: Readonly<Record<'active' | 'owned', OwnedPartitions>>,
): void {
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
