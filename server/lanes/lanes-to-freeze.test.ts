import { createLaneBench, type LaneBench, type LaneBenchOptions } from '@tidings/test/support/lane-bench.ts'
import { expect, test } from 'vitest'
import { lanesToFreeze } from './lanes-to-freeze.ts'
import type { MemoryUse } from './memory-use.ts'

const EMPTY: ReadonlyMap<string, number> = new Map()

function chosen({ home, now }: LaneBench, use: Partial<Pick<MemoryUse, 'size' | 'ofTenant'>> = {}) {
  return lanesToFreeze([home], { size: 1, ofTenant: EMPTY, now, ...use }).map(({ lane, leaves }) => [
    lane.laneSeries,
    leaves,
  ])
}

/** Lanes `waits`, `sent` and `settled`, all of them since 0. */
function benchOfThree(options?: LaneBenchOptions): LaneBench {
  const bench = createLaneBench(options)
  for (const [index, series] of ['waits', 'sent', 'settled'].entries()) bench.dispatch({ position: index + 1, series })
  const [, sent, settled] = bench.lanes()
  bench.send(sent)
  bench.end(bench.send(settled))
  return bench
}

test('a head on the wire for 5 s gets a row and stays; one that waits for a slot for 30 s leaves', () => {
  const bench = benchOfThree()
  bench.now = 4999
  expect(chosen(bench)).toEqual([])
  bench.now = 5000
  expect(chosen(bench)).toEqual([['sent', false]])
  bench.now = 30_000
  expect(chosen(bench)).toEqual([
    ['waits', true],
    ['sent', false],
  ])
})

test('a lane is chosen once, and one with a row is not', () => {
  const bench = benchOfThree()
  bench.look([9], { series: 'cold' })
  bench.now = 30_000
  bench.memory.sweep()
  expect(bench.takeFreezes().map(({ lane: { laneSeries }, freeze }) => [laneSeries, freeze.leaves])).toEqual([
    ['waits', true],
    ['sent', false],
  ])
  expect(chosen(bench)).toEqual([])
})

test('nothing is chosen in a partition that is not open', () => {
  for (const state of ['loading', 'uncertain', 'closing', 'closed'] as const) {
    const bench = benchOfThree()
    bench.now = 30_000
    bench.home.state = state
    expect(chosen(bench)).toEqual([])
  }
})

test('with more than 100,000 in memory, 10,000 that wait of the largest tenant leave at a time', () => {
  const bench = createLaneBench({ tenantOf: (targetId) => (targetId === 1 ? 'large' : 'small') })
  for (let lane = 0; lane < 4; lane += 1)
    bench.dispatch(
      ...Array.from({ length: 4000 }, (_, index) => ({ position: lane * 4000 + index + 1, series: `${lane}` })),
    )
  bench.dispatch({ position: 20_000, targetId: 2, series: 'other' })
  const ofTenant = new Map([
    ['small', 40_000],
    ['large', 60_001],
  ])
  expect(chosen(bench, { size: 100_000, ofTenant })).toEqual([])
  expect(chosen(bench, { size: 100_001, ofTenant })).toEqual([
    ['0', true],
    ['1', true],
    ['2', true],
  ])
  bench.send(bench.lanes()[0])
  expect(chosen(bench, { size: 100_001, ofTenant }).map(([series]) => series)).toEqual(['1', '2', '3'])
})
