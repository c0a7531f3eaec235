import { expect, test } from 'vitest'
import { markdownTable } from './markdown-table.ts'

test('words begin at the left, numbers end at the right', () => {
  expect(
    markdownTable(
      ['System', 'events/s', 'memory'],
      [
        ['one', '4,500 (4,000-5,000)', 'node 100'],
        ['two more', '3', '-'],
      ],
    ),
  ).toEqual([
    '| System   |            events/s | memory   |',
    '|----------|--------------------:|----------|',
    '| one      | 4,500 (4,000-5,000) | node 100 |',
    '| two more |                   3 | -        |',
  ])
})
