import type { LaneKeeper } from './lane-keeper.ts'
import type { LaneMemory } from './lane-memory.ts'
import type { PlacedLane } from './placed-lane.ts'
import type { TargetCache } from './target-cache.ts'

export interface ThawEmptiedDeps {
  readonly memory: Pick<LaneMemory, 'homes' | 'looked'>
  readonly targets: Pick<TargetCache, 'load'>
  readonly lanes: Pick<LaneKeeper, 'isOpen'>
  /** Whether memory has this lane, or reads it. */
  readonly isBusy: (lane: PlacedLane) => boolean
  readonly clock: () => number
}

/** Requests that the rows of lanes go in which nothing waits any more, as far as others are not at work on them. */
export async function thawEmptied(
  { memory, targets, lanes, isBusy, clock }: ThawEmptiedDeps,
  emptied: readonly PlacedLane[],
): Promise<void> {
  const found = await targets.load(emptied.map(({ targetId }) => targetId))
  for (const lane of emptied) {
    const home = memory.homes.get(lane.partition)
    const target = found.get(lane.targetId)
    if (!home || !target || !lanes.isOpen(home) || isBusy(lane)) continue
    const { targetId, laneSeries } = lane
    memory.looked(home, [], { targetId, laneSeries, target, attempts: 0, askedAt: clock() })
  }
}
