import { expect, test } from 'vitest'
import type { Chain } from './broker.ts'
import { followersOf } from './chain.ts'

const records = (...chains: readonly (Chain | undefined)[]) => chains.map((chain) => ({ chain }))
const placesOf = <Of>(all: readonly Of[], some: ReadonlySet<Of>) =>
  all.flatMap((one, at) => (some.has(one) ? [at] : []))

test('what is behind a failed record of its chain follows it; what is before it, or elsewhere, does not', () => {
  const [a, b]: readonly [Chain, Chain] = [{ seriesKey: 'a' }, { seriesKey: 'b' }]
  const all = records(a, b, a, undefined, a, b, a)
  const failed = new Set(all.slice(2, 4)) // the second of a, and the one outside
  expect(placesOf(all, followersOf(all, failed))).toEqual([4, 6])
})

test('chains are told apart by identity: the same series in another batch is another chain', () => {
  const all = records({ seriesKey: 'a' }, { seriesKey: 'a' })
  expect(followersOf(all, new Set(all.slice(0, 1))).size).toBe(0)
})

test('a record that failed itself is no follower', () => {
  const chain = { seriesKey: 'a' }
  const all = records(chain, chain, chain)
  expect(placesOf(all, followersOf(all, new Set(all.slice(0, 2))))).toEqual([2])
})
