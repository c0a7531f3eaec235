import { expect, test } from 'vitest'
import type { OwnedPartitions } from '../db/fence.ts'
import { createOpenPartitions } from './open-partitions.ts'
import { createPartitionLanes } from './partition-lanes.ts'

/** Three partitions at epoch 7, all of them open, with what is asked of them. */
function threeOpen() {
  const homes = new Map([0, 1, 2].map((id) => [id, createPartitionLanes(id, 7)]))
  homes.forEach((home) => (home.state = 'open'))
  const state = { active: owned([0, 7], [1, 7], [2, 7]) }
  const open = createOpenPartitions({ homes, active: () => state.active })
  const home = (id: number) => {
    const found = homes.get(id)
    if (!found) throw new Error('no such partition')
    return found
  }
  return { homes, state, home, open, ids: () => [...open().epochs.keys()] }
}

const owned = (...epochs: (readonly [number, number])[]): OwnedPartitions => ({
  ownerId: 'me',
  epochs: new Map(epochs),
})

test('as long as nothing changes, it is the same object', () => {
  const { open, ids } = threeOpen()
  expect(ids()).toEqual([0, 1, 2])
  expect(open()).toBe(open())
})

test('whatever changes is seen at once: a state, an epoch on either side, a partition, the owner', () => {
  const { homes, state, home, open, ids } = threeOpen()
  ids()
  home(1).state = 'uncertain'
  expect(ids()).toEqual([0, 2])
  home(1).state = 'open'
  expect(ids()).toEqual([0, 1, 2])
  home(0).epoch = 8
  expect(ids(), 'renewed here only').toEqual([1, 2])
  state.active = owned([0, 8], [1, 7], [2, 7])
  expect(open().epochs).toEqual(
    new Map([
      [0, 8],
      [1, 7],
      [2, 7],
    ]),
  )
  state.active = owned([1, 7], [2, 7])
  expect(ids(), 'being handed over').toEqual([1, 2])
  homes.delete(2)
  expect(ids()).toEqual([1])
  homes.set(2, createPartitionLanes(2, 7))
  expect(ids(), 'another one, which is being loaded').toEqual([1])
  home(2).state = 'open'
  expect(ids()).toEqual([1, 2])
  state.active = { ...state.active, ownerId: 'me again' }
  expect(open().ownerId).toBe('me again')
})

test('one that takes the place of another is not taken for it', () => {
  const { home, ids } = threeOpen()
  ids()
  home(0).state = 'closing'
  home(1).state = 'closing'
  expect(ids()).toEqual([2])
  home(1).state = 'open'
  home(2).state = 'closed'
  expect(ids()).toEqual([1])
})
