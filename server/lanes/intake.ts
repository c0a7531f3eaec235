import type { Db } from '../db/db.ts'
import { readFanOuts, type FanOut } from './fan-out.ts'
import type { DispatchedEvent, DispatchedNotification } from './known-rows.ts'
import type { LaneMemory } from './lane-memory.ts'
import type { EventText } from './lane-model.ts'
import type { TargetCache } from './target-cache.ts'
import { groupBy } from '../runtime/group-by.ts'

export interface IntakeDeps {
  /** The connection of dispatch. */
  readonly db: Db
  readonly memory: Pick<LaneMemory, 'homes' | 'dispatched' | 'madeCold'>
  readonly targets: Pick<TargetCache, 'load'>
  /** What was inserted into these partitions could not be added. */
  readonly onUncertain: (partitions: Iterable<number>) => void
}

/** How what the loop of dispatch has inserted comes into memory. Rejects with the database's error. */
export interface Intake {
  /** Adds what a dispatch has inserted, and the fan-outs that it has begun. */
  dispatched(batch: DispatchedBatch): Promise<void>
  /** Adds what was inserted of fan-outs. */
  expanded(batch: ExpandedBatch): Promise<void>
}

export interface DispatchedBatch {
  readonly rows: readonly DispatchedNotification[]
  readonly events: ReadonlyMap<number, DispatchedEvent>
  /** Some of its events are fan-outs, which are read. */
  readonly hasFanOuts: boolean
  /** The new cursors, by partition. */
  readonly cursors: ReadonlyMap<number, number>
  /** Monotonic ms before the statement was sent. */
  readonly sentAt: number
}

/** The next targets of a fan-out. */
export interface Slice {
  readonly fanOut: FanOut
  /** How many. */
  readonly size: number
}

export interface ExpandedBatch {
  readonly rows: readonly DispatchedNotification[]
  readonly slices: readonly Slice[]
  /** Returns the text of the event at this position, if it is known. */
  readonly textOf: (position: number) => EventText | undefined
  /** All their lanes got rows. */
  readonly areCold: boolean
  /** Monotonic ms before the statement was sent. */
  readonly sentAt: number
}

export function createIntake({ db, memory, targets, onUncertain }: IntakeDeps): Intake {
  const { homes } = memory

  function begunIn(cursors: DispatchedBatch['cursors']) {
    const asked = [...cursors.keys()].map((partition) => ({ partition, after: homes.get(partition)?.cursor ?? 0 }))
    return readFanOuts(db, asked)
  }

  async function add({ rows, events, hasFanOuts, cursors, sentAt }: DispatchedBatch): Promise<void> {
    const hot = rows.flatMap(({ targetId, isCold }) => (isCold ? [] : [targetId]))
    const found = { events, targets: await targets.load(hot), sentAt }
    const byPartition = groupBy(rows, partitionOf)
    const begun = groupBy(hasFanOuts ? await begunIn(cursors) : [], partitionOf)
    for (const [partition, cursor] of cursors) {
      const home = homes.get(partition)
      if (home?.state !== 'open') continue
      home.cursor = cursor
      for (const fanOut of begun.get(partition) ?? []) home.fanOuts.set(fanOut.position, fanOut)
      memory.dispatched(home, byPartition.get(partition) ?? [], found)
    }
  }

  async function addSlices({ rows, slices, textOf, areCold, sentAt }: ExpandedBatch): Promise<void> {
    const known = await targets.load(rows.map(({ targetId }) => targetId))
    const events = new Map(slices.map(({ fanOut }) => [fanOut.position, { ...fanOut, text: textOf(fanOut.position) }]))
    const byPartition = groupBy(rows, partitionOf)
    for (const [partition, ofPartition] of groupBy(slices.map(placed), partitionOf)) {
      const home = homes.get(partition)
      if (home?.state !== 'open') continue
      for (const { fanOut, size } of ofPartition) {
        fanOut.done = Math.min(fanOut.size, fanOut.done + size)
        if (fanOut.done === fanOut.size) home.fanOuts.delete(fanOut.position)
      }
      const inserted = byPartition.get(partition) ?? []
      memory.dispatched(home, inserted, { events, targets: known, sentAt })
      if (areCold)
        memory.madeCold(
          home,
          inserted.flatMap(({ targetId }) => known.get(targetId) ?? []),
        )
    }
  }

  async function orUncertain(partitions: Iterable<number>, adding: Promise<void>): Promise<void> {
    try {
      await adding
    } catch (error) {
      onUncertain(partitions)
      throw error
    }
  }

  return {
    dispatched: (batch) => orUncertain(batch.cursors.keys(), add(batch)),
    expanded: (batch) => orUncertain(new Set(batch.slices.map(({ fanOut }) => fanOut.partition)), addSlices(batch)),
  }
}

const placed = (slice: Slice) => ({ ...slice, partition: slice.fanOut.partition })

const partitionOf = ({ partition }: { readonly partition: number }) => partition
