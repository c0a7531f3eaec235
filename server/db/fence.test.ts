import { expect, test } from 'vitest'
import { fenceOf } from './fence.ts'

test('a fence has each partition once, in the order of their ids; an epoch that is not known is none of ours', () => {
  const epochs = new Map([
    [3, 7],
    [1, 9],
    [0, 5],
  ])
  expect(fenceOf({ ownerId: 'me', epochs }, [3, 2, 1, 3])).toEqual({ partitions: [1, 2, 3], epochs: [9, -1, 7] })
  expect(fenceOf({ ownerId: 'me', epochs }, [])).toEqual({ partitions: [], epochs: [] })
})
