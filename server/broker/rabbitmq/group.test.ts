import { expect, test } from 'vitest'
import type { EventRecord } from '../broker.ts'
import { cutIntoMessages } from './group.ts'

const record = (partition: number, bodyBytes = 1000) => ({ partition, bodyBytes }) as EventRecord
const shapeOf = (records: readonly EventRecord[]) => cutIntoMessages(records).map((message) => message.map(({ partition }) => partition))

test('records of one partition share a message, in their order', () => {
  expect(shapeOf([record(1), record(2), record(1), record(2), record(1)])).toEqual([[1, 1, 1], [2, 2]])
})

test('a message holds 500 records at most', () => {
  expect(cutIntoMessages(Array.from({ length: 1001 }, () => record(1, 1))).map(({ length }) => length)).toEqual([500, 500, 1])
})

test('a message holds 256 KiB at most, or one record', () => {
  expect(cutIntoMessages([record(1, 128 * 1024), record(1, 128 * 1024), record(1, 1), record(1, 1024 * 1024), record(1, 1)]).map(({ length }) => length)).toEqual([2, 1, 1, 1])
})
