import { expect, test } from 'vitest'
import { createShares } from './shares.ts'

/** Lets tenants take one byte after the other, in turns, as long as they get one. */
function fill(total: number, tenants: readonly string[]) {
  const shares = createShares(total)
  const taken = new Map(tenants.map((tenant) => [tenant, 0]))
  for (let isOver = false; !isOver;) {
    isOver = true
    for (const tenant of tenants.filter((one) => shares.fits(one, 1))) {
      shares.take(tenant, 1)
      taken.set(tenant, (taken.get(tenant) ?? 0) + 1)
      isOver = false
    }
  }
  return { shares, taken: [...taken.values()] }
}

test.each([
  [1, [50]],
  [2, [33, 33]],
  [3, [25, 25, 25]],
])('%d tenants that take all they can get leave as much as each of them has', (count, expected) => {
  const { shares, taken } = fill(
    100,
    Array.from({ length: count }, (_, index) => `t${index}`),
  )
  expect(taken).toEqual(expected)
  expect(shares.fits('new', Math.floor((100 - taken.reduce((sum, one) => sum + one, 0)) / 2))).toBe(true)
})

test('who has nothing may take something of any size as long as anything is free; after that nobody may', () => {
  const { shares } = fill(100, ['a'])
  expect([shares.fits('a', 1), shares.fits('b', 60)]).toEqual([false, true])
  shares.take('b', 60)
  expect(['a', 'b', 'c'].map((tenant) => shares.fits(tenant, 1))).toEqual([false, false, false])
  shares.giveBack('a', 50)
  expect([shares.fits('a', 60), shares.fits('b', 1)]).toEqual([true, false])
  shares.giveBack('b', 60)
  expect([shares.fits('a', 60), shares.fits('b', 60)]).toEqual([true, true])
})
