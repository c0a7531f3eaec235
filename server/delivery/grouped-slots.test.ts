import { expect, test } from 'vitest'
import { createGroupedSlots } from './grouped-slots.ts'
import type { Slots } from './slots.ts'

const domainOf = (address: string) => address.split('@')[1] ?? ''
const create = (dispatchers?: () => number) =>
  createGroupedSlots(
    { inAll: 20, perAddress: 2 },
    { groupOf: domainOf, perGroup: 10, perUnproven: 5, slow: 10, reserved: 4 },
    dispatchers,
  )

/** How many of the addresses of a domain get a slot, one each. */
function takeAll(slots: Slots, domain: string, most = 30): number {
  let taken = 0
  for (let index = 0; index < most; index += 1) {
    const address = `${index}@${domain}`
    if (slots.leftFor(address) === 0 || !slots.admits(address, address)) continue
    slots.take(address, 1)
    taken += 1
  }
  return taken
}

test('a group of which nothing is known has five slots, whichever of its addresses take them', () => {
  const slots = create()
  expect([takeAll(slots, 'new.example'), slots.leftInAll]).toEqual([5, 15])
  expect([takeAll(slots, 'new.example'), takeAll(slots, 'other.example')]).toEqual([0, 5])
})

test('an address has its own limit within its group', () => {
  const slots = create()
  for (let count = 0; count < 2; count += 1) {
    expect(slots.admits('a', 'a@one.example')).toBe(true)
    slots.take('a')
  }
  expect([slots.leftFor('a'), slots.leftFor('unknown')]).toEqual([0, 1])
})

test('a prompt group has ten, and slow ones have five each and ten together', () => {
  const slots = create()
  expect(slots.admits('0@prompt.example', '0@prompt.example')).toBe(true)
  slots.take('0@prompt.example')
  slots.free('0@prompt.example', 0, 10)
  expect(takeAll(slots, 'prompt.example')).toBe(10)
  for (let index = 0; index < 10; index += 1) slots.free(`${index}@prompt.example`, 1, 10)
  for (const domain of ['a.example', 'b.example', 'c.example']) {
    slots.admits(`0@${domain}`, `0@${domain}`)
    slots.take(`0@${domain}`)
    slots.free(`0@${domain}`, 0, 600_000)
  }
  expect([takeAll(slots, 'a.example'), takeAll(slots, 'b.example'), takeAll(slots, 'c.example')]).toEqual([5, 5, 0])
  expect(takeAll(slots, 'prompt.example'), 'four are left to other prompt ones').toBe(6)
})

test('unknown groups leave some to prompt ones', () => {
  const slots = create()
  slots.admits('0@prompt.example', '0@prompt.example')
  slots.take('0@prompt.example')
  slots.free('0@prompt.example', 0, 10)
  const taken = ['a', 'b', 'c', 'd', 'e'].map((name) => takeAll(slots, `${name}.example`))
  expect(taken).toEqual([5, 5, 5, 1, 0])
  expect(takeAll(slots, 'prompt.example')).toBe(4)
})

test('freed slots can be taken by others', () => {
  const slots = create()
  takeAll(slots, 'one.example')
  for (let index = 0; index < 5; index += 1) slots.free(`${index}@one.example`, 1, 10)
  expect([slots.leftInAll, takeAll(slots, 'one.example')]).toEqual([20, 10])
})

test('dispatchers divide the limits of a group and of an address', () => {
  let dispatchers = 2
  const slots = create(() => dispatchers)
  expect(takeAll(slots, 'new.example'), 'five, by two').toBe(3)
  expect(slots.leftFor('0@new.example')).toBe(0)
  dispatchers = 1
  expect(takeAll(slots, 'new.example'), 'up to five').toBe(2)
  dispatchers = 10
  expect(takeAll(slots, 'other.example')).toBe(1)
  expect([takeAll(slots, 'new.example'), slots.leftInAll]).toEqual([0, 14])
})
