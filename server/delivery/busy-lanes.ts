import type { LaneKey } from './lane.ts'

/** Lanes from their claim until their settlement has committed, or they were let go. The owner's memory of what is on the wire. */
export interface BusyLanes {
  add(lane: LaneKey & { readonly partition: number }): void
  remove(lane: LaneKey): void
  has(lane: LaneKey): boolean
  all(): LaneKey[]
  /** Resolves when no lane is busy, of this partition or of all. */
  idle(partition?: number): Promise<void>
  readonly size: number
}

interface Busy extends LaneKey {
  readonly partition: number
}

interface Waiter {
  readonly partition: number | undefined
  readonly goOn: () => void
}

export function createBusyLanes(): BusyLanes {
  const lanes = new Map<string, Busy>()
  let waiters: readonly Waiter[] = []

  const isBusy = (partition: number | undefined) => (partition === undefined ? lanes.size > 0 : [...lanes.values()].some((lane) => lane.partition === partition))

  /** Those who wait for this partition, and those who wait for all. */
  function tellWaiters(partition: number | undefined): void {
    const told = waiters.filter((waiter) => (waiter.partition === undefined || waiter.partition === partition) && !isBusy(waiter.partition))
    if (told.length === 0) return
    waiters = waiters.filter((waiter) => !told.includes(waiter))
    for (const { goOn } of told) goOn()
  }

  return {
    add: ({ targetId, laneSeries, partition }) => void lanes.set(keyOf({ targetId, laneSeries }), { targetId, laneSeries, partition }),
    remove(lane) {
      const known = lanes.get(keyOf(lane))
      if (!known) return
      lanes.delete(keyOf(lane))
      tellWaiters(known.partition)
    },
    has: (lane) => lanes.has(keyOf(lane)),
    all: () => [...lanes.values()],
    idle: (partition) => new Promise((goOn) => {
      waiters = [...waiters, { partition, goOn }]
      tellWaiters(partition)
    }),
    get size() {
      return lanes.size
    },
  }
}

const keyOf = ({ targetId, laneSeries }: LaneKey) => `${targetId} ${laneSeries}`
