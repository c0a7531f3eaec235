import type { LaneKey } from './lane.ts'

/** Lanes from their claim until their settlement has committed, or they were let go. The owner's memory of what is on the wire. */
export interface BusyLanes {
  add(lane: LaneKey): void
  remove(lane: LaneKey): void
  has(lane: LaneKey): boolean
  all(): LaneKey[]
  readonly size: number
}

export function createBusyLanes(): BusyLanes {
  const lanes = new Map<string, LaneKey>()
  return {
    add: ({ targetId, laneSeries }) => void lanes.set(keyOf({ targetId, laneSeries }), { targetId, laneSeries }),
    remove: (lane) => void lanes.delete(keyOf(lane)),
    has: (lane) => lanes.has(keyOf(lane)),
    all: () => [...lanes.values()],
    get size() {
      return lanes.size
    },
  }
}

const keyOf = ({ targetId, laneSeries }: LaneKey) => `${targetId} ${laneSeries}`
