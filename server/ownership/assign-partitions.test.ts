import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  assignPartitions,
  countWorking,
  eligibleDispatchers,
  type DispatcherView,
  type PartitionView,
} from './assign-partitions.ts'

const NOBODY: ReadonlySet<number> = new Set()

const dispatcher = (id: string, { format = 1, isLeaving = false } = {}): DispatcherView => ({ id, format, isLeaving })

/** One partition for each owner that is named. */
const owned = (owners: readonly (string | null)[], { format = 1, freeMs = 0 } = {}): PartitionView[] =>
  owners.map((owner, id) => ({ id, owner, format, freeMs }))

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)

test('the first dispatcher takes all, a second one waits until its share is released', () => {
  const free = owned(times(5, null))
  expect(
    assignPartitions({ me: 'a', dispatchers: [dispatcher('a')], partitions: free, releasing: NOBODY }),
  ).toMatchObject({ take: [0, 1, 2, 3, 4], limit: 5, release: [] })
  const both = { dispatchers: [dispatcher('a'), dispatcher('b')], partitions: owned(times(5, 'a')), releasing: NOBODY }
  expect(assignPartitions({ me: 'a', ...both })).toMatchObject({ take: [], release: [4, 3] })
  expect(assignPartitions({ me: 'b', ...both })).toMatchObject({ take: [], release: [], hasRoom: true })
})

test('what is being handed over is not released twice', () => {
  const view = { dispatchers: [dispatcher('a'), dispatcher('b')], partitions: owned(times(4, 'a')) }
  expect(assignPartitions({ me: 'a', ...view, releasing: new Set([2, 3]) }).release).toEqual([])
})

test('a dispatcher that is leaving releases all and does not count', () => {
  const view = {
    dispatchers: [dispatcher('a', { isLeaving: true }), dispatcher('b')],
    partitions: owned(['a', 'a', null, 'b']),
    releasing: NOBODY,
  }
  expect(assignPartitions({ me: 'a', ...view })).toMatchObject({ take: [], release: [0, 1] })
  expect(assignPartitions({ me: 'b', ...view })).toMatchObject({ take: [2], limit: 3, release: [] })
})

test('when all are leaving, all count', () => {
  const [a, b] = [dispatcher('a', { isLeaving: true }), dispatcher('b')]
  expect(eligibleDispatchers([a, b])).toEqual([a, b])
  expect(eligibleDispatchers([a, { ...b, isLeaving: true }])).toEqual([dispatcher('a'), b])
})

test('a dispatcher that is not registered changes nothing', () => {
  expect(
    assignPartitions({
      me: 'gone',
      dispatchers: [dispatcher('a')],
      partitions: owned([null, 'gone']),
      releasing: NOBODY,
    }),
  ).toMatchObject({ take: [], release: [] })
})

test('a partition of a newer format goes to its readers, over their quota when it has been free for 3 s', () => {
  const dispatchers = [dispatcher('new', { format: 2 }), dispatcher('old')]
  const partitions = (freeMs: number): PartitionView[] => [
    ...owned(['new', 'new', 'old']),
    { id: 3, owner: null, format: 2, freeMs },
  ]
  expect(assignPartitions({ me: 'old', dispatchers, partitions: partitions(100_000), releasing: NOBODY }).take).toEqual(
    [],
  )
  expect(assignPartitions({ me: 'new', dispatchers, partitions: partitions(2999), releasing: NOBODY }).take).toEqual([])
  expect(assignPartitions({ me: 'new', dispatchers, partitions: partitions(3000), releasing: NOBODY })).toMatchObject({
    take: [3],
    limit: 1,
  })
})

test('a dispatcher over its share keeps what only it reads, and releases what another has room for', () => {
  const dispatchers = [dispatcher('new', { format: 2 }), dispatcher('old')]
  const partitions: PartitionView[] = [2, 2, 1, 2].map((format, id) => ({ id, owner: 'new', format, freeMs: 0 }))
  expect(assignPartitions({ me: 'new', dispatchers, partitions, releasing: NOBODY }).release).toEqual([2])
})

test('a partition that no dispatcher can read is tried again once a minute', () => {
  const view = (freeMs: number) => ({
    me: 'a',
    dispatchers: [dispatcher('a')],
    partitions: owned([null], { format: 2, freeMs }),
    releasing: NOBODY,
  })
  expect(assignPartitions(view(59_999)).take).toEqual([])
  expect(assignPartitions(view(60_000)).take).toEqual([0])
})

interface World {
  readonly dispatchers: readonly DispatcherView[]
  partitions: PartitionView[]
}

/** One look of one dispatcher, carried out at once. Returns how many partitions changed hands. */
function look(world: World, me: string): number {
  const { take, limit, release } = assignPartitions({
    me,
    dispatchers: world.dispatchers,
    partitions: world.partitions,
    releasing: NOBODY,
  })
  const taken = take.slice(0, limit)
  world.partitions = world.partitions.map((one) => {
    if (taken.includes(one.id)) return { ...one, owner: me, freeMs: 0 }
    return release.includes(one.id) ? { ...one, owner: null, freeMs: 0 } : one
  })
  return taken.length + release.length
}

/** Everybody looks once, a second passes. */
function second(world: World): number {
  const moved = world.dispatchers.reduce((sum, { id }) => sum + look(world, id), 0)
  world.partitions = world.partitions.map((one) => ({ ...one, freeMs: one.owner === null ? one.freeMs + 1000 : 0 }))
  return moved
}

const countOf = (world: World, id: string) => world.partitions.filter(({ owner }) => owner === id).length

/** Up to seven dispatchers, of which `gone` had partitions and are no more. */
const worlds = (newest: number) =>
  fc
    .record({
      formats: fc.array(fc.integer({ min: 1, max: newest }), { minLength: 1, maxLength: 7 }),
      partitions: fc.array(
        fc.record({ owner: fc.option(fc.integer({ min: 0, max: 6 })), format: fc.integer({ min: 1, max: newest }) }),
        { minLength: 1, maxLength: 64 },
      ),
    })
    .map(({ formats, partitions }): World => ({
      dispatchers: formats.map((format, index) => dispatcher(`d${index}`, { format })),
      // What belongs to somebody who cannot read it, or is gone, is free.
      partitions: partitions.map(({ owner, format }, id) => ({
        id,
        format,
        freeMs: 0,
        owner: owner !== null && (formats[owner] ?? 0) >= format ? `d${owner}` : null,
      })),
    }))

test('after three polls of each, all partitions are owned, evenly, and nothing moves', () => {
  fc.assert(
    fc.property(worlds(1), (world) => {
      for (let count = 0; count < 3; count += 1) second(world)
      const counts = world.dispatchers.map(({ id }) => countOf(world, id))
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(world.partitions.length)
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
      expect(second(world)).toBe(0)
    }),
    { numRuns: 1000 },
  )
})

test('no dispatcher releases more than exceeds its share, and none takes an owned partition', () => {
  fc.assert(
    fc.property(worlds(1), (world) => {
      for (const { id } of world.dispatchers) {
        const { take, release } = assignPartitions({
          me: id,
          dispatchers: world.dispatchers,
          partitions: world.partitions,
          releasing: NOBODY,
        })
        expect(countOf(world, id) - release.length).toBeGreaterThanOrEqual(
          Math.min(countOf(world, id), Math.floor(world.partitions.length / world.dispatchers.length)),
        )
        expect(take.filter((partition) => world.partitions[partition]?.owner !== null)).toEqual([])
      }
    }),
    { numRuns: 300 },
  )
})

test('with three formats, each partition that has a reader soon has an owner that reads it, and nothing moves', () => {
  fc.assert(
    fc.property(worlds(3), (world) => {
      for (let count = 0; count < 40; count += 1) second(world)
      const newest = Math.max(...world.dispatchers.map(({ format }) => format))
      expect(world.partitions.filter(({ owner, format }) => owner === null && format <= newest)).toEqual([])
      const formatOf = new Map(world.dispatchers.map(({ id, format }) => [id, format]))
      expect(
        world.partitions.filter(({ owner, format }) => owner !== null && (formatOf.get(owner) ?? 0) < format),
      ).toEqual([])
      expect(second(world)).toBe(0)
    }),
    { numRuns: 1000 },
  )
})

test('no more dispatchers are at work than there are partitions, and the one that asks always is', () => {
  expect([countWorking(1, 16), countWorking(3, 16), countWorking(20, 16), countWorking(0, 16)]).toEqual([1, 3, 16, 1])
})
