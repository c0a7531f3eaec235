import { inboxRecord } from '@tidings/test/support/inbox-record.ts'
import { expect, test } from 'vitest'
import { NewerFormat } from '../broker.ts'
import { createFifo, type Fifo } from './fifo.ts'

const record = (uuid: string, bodyBytes = 10) => inboxRecord({ uuid, bodyBytes })
const offered = (fifo: Fifo, records = 100, bytes = 1000) => fifo.peek(records, bytes).map(({ uuid }) => uuid)

/** Messages ab (tag 1) and cd (tag 2). */
function filled(): Fifo {
  const fifo = createFifo(0, () => new Date(0))
  fifo.push(1, { kind: 'records', records: [record('a'), record('b')], reasons: [] })
  fifo.push(2, { kind: 'records', records: [record('c'), record('d')], reasons: [] })
  return fifo
}

test('what was peeked is peeked again until it is acknowledged', () => {
  const fifo = filled()
  expect(offered(fifo, 3)).toEqual(['a', 'b', 'c'])
  expect(offered(fifo, 1)).toEqual(['a'])
  expect(offered(fifo)).toEqual(['a', 'b', 'c', 'd'])
  expect(fifo.acknowledge()).toBe(2)
  expect(offered(fifo)).toEqual([])
  expect(fifo.acknowledge()).toBeUndefined()
})

test('a message is done when its last record is', () => {
  const fifo = filled()
  offered(fifo, 1)
  expect(fifo.acknowledge()).toBeUndefined()
  offered(fifo, 2)
  expect(fifo.acknowledge()).toBe(1)
  offered(fifo, 1)
  expect(fifo.acknowledge()).toBe(2)
})

test('what arrives after a peek is not acknowledged with it', () => {
  const fifo = filled()
  offered(fifo)
  fifo.push(3, { kind: 'records', records: [record('e')], reasons: [] })
  expect(fifo.acknowledge()).toBe(2)
  expect(offered(fifo)).toEqual(['e'])
})

test('a peek keeps to its bytes, except for a single record', () => {
  const fifo = createFifo(0, () => new Date(0))
  fifo.push(1, {
    kind: 'records',
    records: [record('large', 5000), record('b', 400), record('c', 600), record('d', 1)],
    reasons: [],
  })
  expect(offered(fifo)).toEqual(['large'])
  fifo.acknowledge()
  expect(offered(fifo)).toEqual(['b', 'c'])
})

test('records before a newer format are peeked, then the partition is rejected', () => {
  const fifo = filled()
  fifo.push(3, { kind: 'newer_format', format: 9 })
  fifo.push(4, { kind: 'records', records: [record('after')], reasons: [] })
  expect(offered(fifo)).toEqual(['a', 'b', 'c', 'd'])
  fifo.acknowledge()
  expect(() => offered(fifo)).toThrow(NewerFormat)
})

test('a first record that cannot be stored is peeked in a form that can', () => {
  const fifo = filled()
  offered(fifo, 1)
  fifo.quarantineHead()
  expect(fifo.peek(2, 1000)).toMatchObject([
    { kind: 'undecodable', uuid: expect.not.stringMatching('^a$') as string },
    { uuid: 'b' },
  ])
})
