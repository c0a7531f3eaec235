import type { PartitionLanes, Waiting } from './lane-model.ts'

/** Settled entries at the front of the order are removed in blocks of this size. */
const COMPACT_AT = 1024

export function createPartitionLanes(partition: number, epoch: number): PartitionLanes {
  let order: Waiting[] = []
  let first = 0

  return {
    partition,
    epoch,
    state: 'loading',
    lanes: new Map(),
    freezes: new Set(),
    thaws: new Set(),
    cursor: 0,
    note(waiting) {
      order.push(waiting)
    },
    watermark() {
      while (order[first]?.isPassed === true) first += 1
      if (first >= COMPACT_AT) {
        order = order.slice(first)
        first = 0
      }
      const oldest = order[first]
      return oldest ? oldest.position - 1 : this.cursor
    },
    reset(cursor) {
      order = []
      first = 0
      this.cursor = cursor
    },
  }
}
