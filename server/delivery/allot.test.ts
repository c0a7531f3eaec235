import { expect, test } from 'vitest'
import { allot } from './allot.ts'
import type { HintSnapshot } from './hints.ts'
import { createSlots, type Slots } from './slots.ts'

const pair = (addressKey: string, { partition = 0, turn = 0 } = {}): HintSnapshot => ({
  partition,
  addressKey,
  dueAt: 0,
  version: 0,
  turn,
  hasLater: false,
})

/** Slots of which the named addresses use one for each time they are named. */
function slotsUsedBy(used: readonly string[], { inAll, perAddress }: { inAll: number; perAddress: number }): Slots {
  const slots = createSlots({ inAll, perAddress })
  for (const addressKey of used) slots.take(addressKey)
  return slots
}

/** Limits by address and partition, as asked for. */
const dealt = (due: readonly HintSnapshot[], slots: Slots, most = slots.leftInAll) =>
  Object.fromEntries(
    allot(due, slots, most).map(({ pair: { addressKey, partition }, limit }) => [`${addressKey}${partition}`, limit]),
  )

test('free slots are shared out evenly, never beyond the limit of an address', () => {
  expect(dealt([pair('a'), pair('b')], createSlots({ inAll: 8, perAddress: 8 }))).toEqual({ a0: 4, b0: 4 })
  expect(dealt([pair('a'), pair('b')], createSlots({ inAll: 8, perAddress: 3 }))).toEqual({ a0: 3, b0: 3 })
})

test('what is left by a full address goes to those that can use it', () => {
  const slots = slotsUsedBy(['a', 'a', 'a', 'a', 'a'], { inAll: 12, perAddress: 6 })
  expect(dealt([pair('a'), pair('b')], slots)).toEqual({ a0: 1, b0: 6 })
})

test('an address without a free slot is not claimed, whatever it has waiting', () => {
  const slots = slotsUsedBy(['dead'], { inAll: 10, perAddress: 1 })
  expect(dealt([pair('dead'), pair('well')], slots)).toEqual({ well0: 1 })
})

test('the last free slot goes to the address with the fewest requests, although others have waited longer', () => {
  const slots = slotsUsedBy(['slow', 'slow', 'slower'], { inAll: 4, perAddress: 3 })
  expect(dealt([pair('slow', { turn: 1 }), pair('slower', { turn: 2 }), pair('well', { turn: 3 })], slots)).toEqual({
    well0: 1,
  })
})

test('of addresses with equally many on the wire, the one that has waited longest for its turn comes first', () => {
  const slots = createSlots({ inAll: 2, perAddress: 2 })
  expect(dealt([pair('third', { turn: 9 }), pair('first', { turn: 1 }), pair('second', { turn: 5 })], slots)).toEqual({
    first0: 1,
    second0: 1,
  })
})

test('pairs of one address take its slots round-robin, and count as one address', () => {
  const pairs = [pair('a', { partition: 1, turn: 1 }), pair('a', { partition: 2, turn: 2 }), pair('b', { turn: 3 })]
  expect(dealt(pairs, createSlots({ inAll: 6, perAddress: 5 }))).toEqual({ a1: 2, a2: 1, b0: 3 })
  expect(dealt(pairs, slotsUsedBy(['b'], { inAll: 2, perAddress: 2 }))).toEqual({ a1: 1 })
  expect(
    dealt(
      [pair('a', { partition: 1, turn: 4 }), pair('a', { partition: 2, turn: 2 })],
      createSlots({ inAll: 1, perAddress: 1 }),
    ),
  ).toEqual({ a2: 1 })
})

test('the total is at most the smaller of free slots and the given limit', () => {
  const slots = createSlots({ inAll: 100, perAddress: 100 })
  expect(dealt([pair('a'), pair('b')], slots, 3)).toEqual({ a0: 2, b0: 1 })
  expect(dealt([pair('a')], slots, 0)).toEqual({})
  expect(dealt([], slots)).toEqual({})
})

test('one claim covers 256 pairs at most', () => {
  const many = Array.from({ length: 300 }, (_, index) => pair(`address-${index}`))
  expect(allot(many, createSlots({ inAll: 1000, perAddress: 10 }), 1000)).toHaveLength(256)
})

test('reserved slots do not go to addresses that are not known to be prompt, however many are due', () => {
  const slots = createSlots({ inAll: 8, perAddress: 8, reserved: 3 })
  slots.take('well')
  slots.free('well', 0, 1)
  const many = Array.from({ length: 20 }, (_, index) => pair(`new-${index}`, { turn: index }))
  const shares = dealt([...many, pair('well', { turn: 99 })], slots)
  expect(Object.keys(shares)).toHaveLength(6)
  expect(shares).toMatchObject({ well0: 3, 'new-00': 1, 'new-40': 1 })
})
