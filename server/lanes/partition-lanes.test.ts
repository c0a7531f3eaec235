import { expect, test } from 'vitest'
import type { FanOut } from './fan-out.ts'
import type { Waiting } from './lane-model.ts'
import { createPartitionLanes } from './partition-lanes.ts'

const waitingAt = (position: number): Waiting => ({
  position,
  uuid: '',
  number: 1,
  created: '',
  createdAt: 0,
  event: { partition: 0, position, deletesSubscriptions: false, text: undefined, users: 1 },
  isPassed: false,
})

const fanOutAt = (position: number): FanOut => ({
  ...{ partition: 0, position, laneSeries: 's', tenant: 't', number: 1, deletesSubscriptions: false },
  size: 9,
  done: 0,
})

test('the watermark stays before a fan-out that is not inserted, and before its slices that are not settled', () => {
  const home = createPartitionLanes(0, 1)
  home.cursor = 20
  expect(home.watermark()).toBe(20)
  home.fanOuts.set(10, fanOutAt(10))
  home.fanOuts.set(12, fanOutAt(12))
  const [later, slice, other] = [waitingAt(15), waitingAt(10), waitingAt(10)]
  for (const waiting of [later, slice, other]) home.note(waiting)
  expect(home.watermark()).toBe(9)
  home.fanOuts.delete(10)
  home.fanOuts.delete(12)
  other.isPassed = true
  expect(home.watermark()).toBe(9)
  slice.isPassed = true
  expect(home.watermark()).toBe(14)
  later.isPassed = true
  expect(home.watermark()).toBe(20)
})

test('a partition that is read again begins without fan-outs', () => {
  const home = createPartitionLanes(0, 1)
  home.fanOuts.set(3, fanOutAt(3))
  home.note(waitingAt(5))
  home.note(waitingAt(4))
  home.reset(7)
  expect([home.watermark(), home.fanOuts.size]).toEqual([7, 0])
})

test('what no longer holds the watermark back is let go, wherever it stands', () => {
  const home = createPartitionLanes(0, 1)
  home.cursor = 20
  const holding = [waitingAt(10), waitingAt(11), waitingAt(12)] as const
  const gone = [waitingAt(11), waitingAt(12), waitingAt(15)] as const
  for (const one of [holding[0], holding[2], gone[1], gone[2], gone[0], holding[1]]) home.note(one)
  const settle = (settled: readonly Waiting[]) => settled.forEach((one) => (one.isPassed = true))
  /** Only to be seen by what still has it. */
  const undo = (settled: readonly Waiting[]) => settled.forEach((one) => (one.isPassed = false))

  settle(gone)
  expect(home.watermark()).toBe(9)
  home.compact()
  undo(gone)
  const seen = holding.map((one) => {
    const watermark = home.watermark()
    settle([one])
    return watermark
  })
  expect(seen, 'of what still holds it back').toEqual([9, 10, 11])
  expect(home.watermark()).toBe(20)

  home.compact()
  undo(holding)
  expect(home.watermark()).toBe(20)
  home.note(waitingAt(18))
  expect(home.watermark()).toBe(17)
})
