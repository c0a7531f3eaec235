import type { DeliveryMethod, LaneKey } from './lane.ts'
import { createIdleWaiters } from './idle-waiters.ts'
import { createLaneAdditions, type LaneAdditions } from './lane-additions.ts'
import { laneKeyText } from './lane-model.ts'
import type { Outlet } from './lane-moves.ts'
import { createLaneSteps, type LaneSteps } from './lane-steps.ts'
import { lanesToFreeze } from './lanes-to-freeze.ts'
import { createMemoryUse } from './memory-use.ts'
import type { PartitionLanes, Target } from './lane-model.ts'
import { createPartitionLanes } from './partition-lanes.ts'

/** Longer than any dispatch may run, and remembered for one that began before the deletion. */
const DELETED_MS = 180_000

export interface LaneMemoryDeps {
  readonly outletOf: (method: DeliveryMethod) => Outlet
  /** Rows of lanes are to be written or deleted. */
  readonly onRequest: () => void
  /** Monotonic clock in ms. */
  readonly clock: () => number
}

/** When there are more notifications in memory, slices of fan-outs stay in the table: half of what it may hold. */
const MAX_WITH_SLICE = 50_000

/** What this process knows of the lanes of the partitions that it owns. */
export interface LaneMemory extends LaneAdditions {
  readonly steps: LaneSteps
  readonly homes: ReadonlyMap<number, PartitionLanes>
  /** Begins with a partition that was taken. */
  begin(partition: number, epoch: number): PartitionLanes
  /** Forgets a partition: another process has it, or will have. */
  close(home: PartitionLanes): void
  /** The subscriptions of these targets were deleted. */
  cancel(targetIds: readonly number[]): void
  isCancelled(targetId: number): boolean
  has(lane: LaneKey & { readonly partition: number }): boolean
  /** Whether so many notifications of a fan-out may come into memory. */
  hasRoomFor(count: number): boolean
  /** Rows of lanes of these targets were made, and are due. */
  madeCold(home: PartitionLanes, targets: Iterable<Target>): void
  /**
   * Requests rows for what holds the watermarks back, and for the surplus of the largest tenant; lets go of what is
   * settled. To be called each second.
   */
  sweep(): void
  /** Resolves when nothing of this partition, or of all, is on the wire or being written. */
  idle(partition?: number): Promise<void>
}

export function createLaneMemory({ outletOf, onRequest, clock }: LaneMemoryDeps): LaneMemory {
  const homes = new Map<number, PartitionLanes>()
  const use = createMemoryUse()
  const idle = createIdleWaiters(homes)
  /** Targets whose subscription was deleted, with the monotonic ms of the news. */
  const deleted = new Map<number, number>()
  const steps = createLaneSteps({
    outletOf,
    clock,
    onRequest,
    onProgress: ({ home }) => idle.check(home.partition),
    onForgotten: use.forgotten,
  })
  const additions = createLaneAdditions({ steps, use, clock })

  return {
    ...additions,
    steps,
    homes,
    begin(partition, epoch) {
      const home = createPartitionLanes(partition, epoch)
      homes.set(partition, home)
      return home
    },
    close(home) {
      home.state = 'closed'
      if (homes.get(home.partition) === home) homes.delete(home.partition)
      for (const lane of [...home.lanes.values()]) steps.forget(lane)
      idle.check(home.partition)
    },
    cancel(targetIds) {
      const ids = new Set(targetIds)
      for (const id of ids) deleted.set(id, clock())
      for (const home of homes.values())
        for (const lane of [...home.lanes.values()]) {
          if (!ids.has(lane.targetId)) continue
          lane.target.isCancelled = true
          if (lane.step === 'ready') steps.offer(lane)
        }
    },
    has: (lane) => homes.get(lane.partition)?.lanes.has(laneKeyText(lane)) === true,
    isCancelled: (targetId) => deleted.has(targetId),
    hasRoomFor: (count) => use.size + count <= MAX_WITH_SLICE,
    madeCold({ partition }, targets) {
      const now = clock()
      for (const home of homes.values()) home.compact()
      for (const { method, addressKey } of targets) outletOf(method).coldUntil({ partition, addressKey }, now)
    },
    sweep() {
      const now = clock()
      for (const [id, at] of deleted) if (now - at >= DELETED_MS) deleted.delete(id)
      for (const { lane, leaves } of lanesToFreeze(homes.values(), { size: use.size, ofTenant: use.ofTenant, now }))
        steps.requestFreeze(lane, { attempts: lane.attempts, delayMs: 0, leaves })
    },
    idle: idle.wait,
  }
}
