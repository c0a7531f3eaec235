import { expect, test } from 'vitest'
import { createSlots } from './slots.ts'

test('an address has its own limit, less what is on the wire to it', () => {
  const slots = createSlots({ inAll: 10, perAddress: 2 })
  expect(slots.leftFor('a')).toBe(2)
  slots.take('a')
  slots.take('a')
  expect(slots.leftFor('a')).toBe(0)
  expect(slots.leftFor('b')).toBe(2)
  slots.free('a')
  expect(slots.leftFor('a')).toBe(1)
  expect([slots.usedBy('a'), slots.usedBy('b')]).toEqual([1, 0])
})

test('the limit in all holds for each address', () => {
  const slots = createSlots({ inAll: 3, perAddress: 2 })
  slots.take('a')
  slots.take('b')
  expect(slots.leftInAll).toBe(1)
  expect(slots.leftFor('c')).toBe(1)
  slots.take('c')
  expect([slots.leftInAll, slots.leftFor('d')]).toEqual([0, 0])
})

test('more on the wire than the limit leaves no slot, and no negative number of them', () => {
  const slots = createSlots({ inAll: 1, perAddress: 1 })
  slots.take('a')
  slots.take('a')
  expect([slots.leftInAll, slots.leftFor('a'), slots.leftFor('b')]).toEqual([0, 0, 0])
  slots.free('a')
  expect(slots.leftInAll).toBe(0)
  slots.free('a')
  expect([slots.leftInAll, slots.leftFor('a')]).toEqual([1, 1])
})

const MIB = 1024 * 1024

test('an address with 8 MiB on the wire gets no more, others do', () => {
  const slots = createSlots({ inAll: 100, perAddress: 50 })
  slots.take('a', 8 * MIB)
  expect([slots.leftFor('a'), slots.leftFor('b')]).toEqual([0, 50])
  slots.free('a', 8 * MIB)
  expect(slots.leftFor('a')).toBe(50)
})

test('with 64 MiB on the wire only addresses with nothing on it get a slot, and with 256 MiB none does', () => {
  const slots = createSlots({ inAll: 100, perAddress: 50 })
  for (let number = 0; number < 8; number += 1) slots.take(`full ${number}`, 8 * MIB)
  slots.take('a', 1)
  expect([slots.leftFor('a'), slots.leftFor('b')]).toEqual([0, 1])
  for (let number = 8; number < 32; number += 1) slots.take(`full ${number}`, 8 * MIB)
  expect(slots.leftFor('b')).toBe(0)
})

test('reserved slots are for addresses whose last request was quick, a few for each', () => {
  const slots = createSlots({ inAll: 16, perAddress: 10, reserved: 6 })
  slots.take('well')
  slots.free('well', 0, 1999)
  for (let number = 0; number < 10; number += 1) slots.take(`hanging ${number}`)
  expect([slots.leftInAll, slots.leftFor('new'), slots.leftFor('hanging 1'), slots.leftFor('well')]).toEqual([
    6, 0, 0, 6,
  ])
  for (let number = 0; number < 4; number += 1) slots.take('well')
  expect(slots.leftFor('well')).toBe(0)
  for (let number = 0; number < 4; number += 1) slots.free('well')
  expect(slots.leftFor('well'), 'what says nothing about the address changes nothing').toBe(6)
  slots.take('well')
  slots.free('well', 0, 2000)
  expect(slots.leftFor('well')).toBe(0)
})

test('slow addresses share their slots, from the moment they prove slow until they prove prompt', () => {
  const slots = createSlots({ inAll: 10, perAddress: 10, slow: 4 })
  for (let number = 0; number < 4; number += 1) slots.take('slow')
  expect(slots.leftFor('slow')).toBe(6)
  slots.free('slow', 0, 30_000)
  expect([slots.leftFor('slow'), slots.leftFor('new')]).toEqual([1, 7])
  slots.take('other')
  slots.free('other', 0, 30_000)
  slots.take('other')
  expect([slots.leftFor('slow'), slots.leftFor('other'), slots.leftFor('new')]).toEqual([0, 0, 6])
  slots.free('slow', 0, 1)
  expect([slots.leftFor('slow'), slots.leftFor('other'), slots.leftFor('new')]).toEqual([7, 3, 7])
})

test('dispatchers divide the limits of an address, not those in all; what is on the wire stays', () => {
  let dispatchers = 1
  const slots = createSlots({ inAll: 10, perAddress: 6, perUnproven: 4 }, () => dispatchers)
  slots.take('prompt')
  slots.free('prompt', 0, 10)
  expect([slots.leftFor('prompt'), slots.leftFor('new')]).toEqual([6, 4])
  for (let count = 0; count < 4; count += 1) slots.take('new')
  dispatchers = 3
  expect([slots.leftFor('prompt'), slots.leftFor('other'), slots.leftFor('new')]).toEqual([2, 2, 0])
  expect([slots.usedBy('new'), slots.leftInAll]).toEqual([4, 6])
  slots.free('new')
  slots.free('new')
  expect(slots.leftFor('new')).toBe(0)
  slots.free('new')
  expect(slots.leftFor('new')).toBe(1)
  dispatchers = 100
  expect([slots.leftFor('prompt'), slots.leftFor('new')]).toEqual([1, 0])
  dispatchers = 1
  expect([slots.leftFor('prompt'), slots.leftFor('new')]).toEqual([6, 3])
})
