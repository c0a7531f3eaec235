import { pairKey, type LaneKey, type Pair } from '../lanes/lane.ts'
import { laneKeyText } from '../lanes/lane-model.ts'

/** The cold lanes that this process is working on, from before they are read until they leave memory. */
export interface BusyLanes {
  add(lane: LaneKey & Pair): void
  remove(lane: LaneKey): void
  has(lane: LaneKey): boolean
  /** How many of this pair's lanes are busy. */
  countOf(pair: Pair): number
  readonly size: number
}

export function createBusyLanes(): BusyLanes {
  const lanes = new Map<string, Pair>()
  const counts = new Map<string, number>()

  function count(pair: Pair, change: 1 | -1): void {
    const key = pairKey(pair)
    const after = (counts.get(key) ?? 0) + change
    if (after === 0) counts.delete(key)
    else counts.set(key, after)
  }

  return {
    add({ partition, addressKey, ...lane }) {
      if (lanes.has(laneKeyText(lane))) return
      lanes.set(laneKeyText(lane), { partition, addressKey })
      count({ partition, addressKey }, 1)
    },
    remove(lane) {
      const pair = lanes.get(laneKeyText(lane))
      if (!pair) return
      lanes.delete(laneKeyText(lane))
      count(pair, -1)
    },
    has: (lane) => lanes.has(laneKeyText(lane)),
    countOf: (pair) => counts.get(pairKey(pair)) ?? 0,
    get size() {
      return lanes.size
    },
  }
}
