import { expect, test } from 'vitest'
import { treeOf } from './process-figures.ts'

const PROCESSES = [
  { pid: 10, parent: 1 },
  { pid: 11, parent: 10 },
  { pid: 12, parent: 11 },
  { pid: 13, parent: 10 },
  { pid: 14, parent: 13 },
  { pid: 20, parent: 1 },
]

test('a tree is a process with all its descendants', () => {
  expect(treeOf(10, { processes: PROCESSES, apart: [] })).toEqual([10, 11, 12, 13, 14])
})

test('what is counted apart is counted once, although its parent is counted too', () => {
  expect(treeOf(10, { processes: PROCESSES, apart: [13] })).toEqual([10, 11, 12])
  expect(treeOf(13, { processes: PROCESSES, apart: [13] })).toEqual([13, 14])
})
