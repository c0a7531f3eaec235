import { expect, test } from 'vitest'
import { createColdShares } from './cold-shares.ts'
import { createSlots } from './slots.ts'

const coldShares = (inAll = 10) => {
  const slots = createSlots({ inAll, perAddress: 2 })
  return { slots, shares: createColdShares(slots) }
}

test('an address may have as many cold lanes in memory as it has free slots', () => {
  const { slots, shares } = coldShares()
  expect(shares.leftFor('a')).toBe(2)
  slots.take('a')
  expect(shares.leftFor('a')).toBe(1)
  expect(shares.leftFor('a', { inAll: 1, here: 1 })).toBe(0)
})

test('those that wait for their turn count until they have had it', () => {
  const { shares } = coldShares()
  shares.waits('a')
  shares.waits('a')
  expect([shares.leftFor('a'), shares.leftFor('b')]).toEqual([0, 2])
  shares.passed('a')
  expect(shares.leftFor('a')).toBe(1)
  shares.passed('a')
  expect(shares.leftFor('a')).toBe(2)
})

test('an address whose slots are all in use has one cold lane wait for its turn, and no more', () => {
  const { slots, shares } = coldShares()
  slots.take('a')
  slots.take('a')
  expect(shares.leftFor('a')).toBe(1)
  expect(shares.leftFor('a', { inAll: 1, here: 1 })).toBe(0)
  shares.waits('a')
  expect(shares.leftFor('a')).toBe(0)
})

test('an address with nothing on the wire gets none while there is no slot for it', () => {
  const { slots, shares } = coldShares(1)
  slots.take('other')
  expect([shares.leftFor('a'), shares.leftFor('other')]).toEqual([0, 1])
})
