import type { LaneKey } from './lane.ts'

/** Lanes from their claim until their settlement has committed, or they were let go. The owner's memory of what is on the wire. */
export interface BusyLanes {
  add(lane: LaneKey & { readonly partition: number }): void
  remove(lane: LaneKey): void
  has(lane: LaneKey): boolean
  all(): LaneKey[]
  /** Resolves when no lane of this partition is busy. */
  idle(partition: number): Promise<void>
  readonly size: number
}

interface Busy extends LaneKey {
  readonly partition: number
}

interface Waiter {
  readonly partition: number
  readonly goOn: () => void
}

export function createBusyLanes(): BusyLanes {
  const lanes = new Map<string, Busy>()
  let waiters: readonly Waiter[] = []

  const isBusy = (partition: number) => [...lanes.values()].some((lane) => lane.partition === partition)

  function tellWaiters(partition: number): void {
    if (!waiters.some((waiter) => waiter.partition === partition) || isBusy(partition)) return
    for (const waiter of waiters) if (waiter.partition === partition) waiter.goOn()
    waiters = waiters.filter((waiter) => waiter.partition !== partition)
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
