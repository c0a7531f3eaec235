import { expect, test } from 'vitest'
import { NewerFormat } from '../broker.ts'
import type { InboxRecord } from '../inbox.ts'
import { createFifo, type Fifo } from './fifo.ts'

const record = (uuid: string, bodyBytes = 10): InboxRecord => ({
  partition: 0, uuid, kind: 'event', tenant: 'dev', seriesKey: null, type: null, subject: null, endsSeries: false, deletesSubscriptions: false, received: new Date(0), body: '', seqOffset: 0, bodyBytes,
})
const offered = (fifo: Fifo, records = 100, bytes = 1000) => fifo.offer(records, bytes).map(({ uuid }) => uuid)

/** Messages ab (tag 1) and cd (tag 2). */
function filled(): Fifo {
  const fifo = createFifo(0, () => new Date(0))
  fifo.push(1, { kind: 'records', records: [record('a'), record('b')], faults: [] })
  fifo.push(2, { kind: 'records', records: [record('c'), record('d')], faults: [] })
  return fifo
}

test('what was offered is offered again until it is settled', () => {
  const fifo = filled()
  expect(offered(fifo, 3)).toEqual(['a', 'b', 'c'])
  expect(offered(fifo, 1)).toEqual(['a'])
  expect(offered(fifo)).toEqual(['a', 'b', 'c', 'd'])
  expect(fifo.settle()).toBe(2)
  expect(offered(fifo)).toEqual([])
  expect(fifo.settle()).toBeUndefined()
})

test('a message is done when its last record is', () => {
  const fifo = filled()
  offered(fifo, 1)
  expect(fifo.settle()).toBeUndefined()
  offered(fifo, 2)
  expect(fifo.settle()).toBe(1)
  offered(fifo, 1)
  expect(fifo.settle()).toBe(2)
})

test('what arrives after an offer is not settled with it', () => {
  const fifo = filled()
  offered(fifo)
  fifo.push(3, { kind: 'records', records: [record('e')], faults: [] })
  expect(fifo.settle()).toBe(2)
  expect(offered(fifo)).toEqual(['e'])
})

test('an offer keeps to its bytes, but for a single record', () => {
  const fifo = createFifo(0, () => new Date(0))
  fifo.push(1, { kind: 'records', records: [record('large', 5000), record('b', 400), record('c', 600), record('d', 1)], faults: [] })
  expect(offered(fifo)).toEqual(['large'])
  fifo.settle()
  expect(offered(fifo)).toEqual(['b', 'c'])
})

test('what is before a newer format is offered, then the partition is refused', () => {
  const fifo = filled()
  fifo.push(3, { kind: 'newer_format', format: 9 })
  fifo.push(4, { kind: 'records', records: [record('after')], faults: [] })
  expect(offered(fifo)).toEqual(['a', 'b', 'c', 'd'])
  fifo.settle()
  expect(() => offered(fifo)).toThrow(NewerFormat)
})

test('a first record that cannot be stored is offered in a form that can', () => {
  const fifo = filled()
  offered(fifo, 1)
  fifo.distrustFirst()
  expect(fifo.offer(2, 1000)).toMatchObject([{ kind: 'undecodable', uuid: expect.not.stringMatching('^a$') as string }, { uuid: 'b' }])
})
