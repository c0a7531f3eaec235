import { expect, test } from 'vitest'
import { createBatchSize } from './batch-size.ts'

/** So many records, each matched as often as the batches that were learnt from. */
function sizeAfter(batches: number, matchesPerRecord: number): number {
  const size = createBatchSize()
  for (let batch = 0; batch < batches; batch += 1)
    size.learn({ records: size.records, matches: size.records * matchesPerRecord })
  return size.records
}

test('a batch has at most 500 records, however few of them match', () => {
  expect(createBatchSize().records).toBe(500)
  expect(sizeAfter(20, 0)).toBe(500)
})

test('batches get smaller until they match about 5,000 times, and are never empty', () => {
  expect(sizeAfter(30, 100)).toBe(50)
  expect(sizeAfter(60, 1_000_000)).toBe(1)
})

test('an empty batch teaches nothing', () => {
  const size = createBatchSize()
  size.learn({ records: 0, matches: 0 })
  expect(size.records).toBe(500)
})

test('a batch that took too long is followed by a quarter of it, down to one record', () => {
  const size = createBatchSize()
  expect(size.shrink(400)).toBe(true)
  expect(size.records).toBe(100)
  expect([size.shrink(100), size.shrink(25), size.shrink(6)]).toEqual([true, true, true])
  expect(size.records).toBe(1)
  expect(size.shrink(1)).toBe(false)
})

test('a shrunk size grows again with batches that succeed', () => {
  const size = createBatchSize()
  size.shrink(400)
  size.learn({ records: 100, matches: 100 })
  expect(size.records).toBe(200)
  for (let batch = 0; batch < 5; batch += 1) size.learn({ records: 100, matches: 100 })
  expect(size.records).toBe(500)
})
