import type { PartitionLanes, Waiting } from './lane-model.ts'

export function createPartitionLanes(partition: number, epoch: number): PartitionLanes {
  let order: Waiting[] = []
  let first = 0
  let last = 0
  /** Of fan-outs, by position: their slices come behind what was dispatched after them. */
  const late = new Map<number, Waiting[]>()

  function noteLate(waiting: Waiting): void {
    const known = late.get(waiting.position)
    if (known) known.push(waiting)
    else late.set(waiting.position, [waiting])
  }

  /** Returns the first position of a fan-out that is not inserted or not settled. */
  function firstLate(fanOuts: ReadonlyMap<number, unknown>): number {
    let [position = Infinity] = fanOuts.keys()
    for (const [of, waiting] of late) {
      while (waiting.at(-1)?.isPassed === true) waiting.pop()
      if (waiting.length === 0) late.delete(of)
      else position = Math.min(of, position)
    }
    return position
  }

  function compact(): void {
    order = order.slice(first).filter(isHolding)
    first = 0
    for (const [of, waiting] of late) {
      const left = waiting.filter(isHolding)
      if (left.length === 0) late.delete(of)
      else if (left.length < waiting.length) late.set(of, left)
    }
  }

  return {
    partition,
    epoch,
    state: 'loading',
    lanes: new Map(),
    freezes: new Set(),
    thaws: new Set(),
    cursor: 0,
    fanOuts: new Map(),
    note(waiting) {
      if (waiting.position < last) noteLate(waiting)
      else {
        order.push(waiting)
        last = waiting.position
      }
    },
    watermark() {
      while (order[first]?.isPassed === true) first += 1
      const oldest = order[first]
      return Math.min(oldest ? oldest.position - 1 : this.cursor, firstLate(this.fanOuts) - 1)
    },
    compact,
    reset(cursor) {
      order = []
      first = 0
      last = 0
      late.clear()
      this.fanOuts.clear()
      this.cursor = cursor
    },
  }
}

const isHolding = ({ isPassed }: Waiting) => !isPassed
