import { inboxRecord } from '@tidings/test/support/inbox-record.ts'
import pg from 'pg'
import type { Sql } from 'sql-template-tag'
import { afterEach, expect, test, vi } from 'vitest'
import { DatabaseUnreachable } from '../../db/database.ts'
import { createLog } from '../../log.ts'
import { createFifo } from './fifo.ts'
import { createPump } from './pump.ts'
import type { PumpSource } from './pump-heads.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** What a queue has delivered, and what was acknowledged of it. */
function createSource(partition: number) {
  const fifo = createFifo(partition, () => new Date(0))
  const acknowledged: number[] = []
  let tag = 0
  const source: PumpSource = {
    waiting: () => fifo.size,
    peek: fifo.peek,
    quarantineHead: fifo.quarantineHead,
    acknowledge() {
      const done = fifo.acknowledge()
      if (done !== undefined) acknowledged.push(done)
    },
  }
  return {
    source,
    acknowledged,
    arrive: (...uuids: readonly string[]) =>
      fifo.push(++tag, {
        kind: 'records',
        records: uuids.map((uuid) => inboxRecord({ partition, uuid })),
        reasons: [],
      }),
    arriveNewer: () => fifo.push(++tag, { kind: 'newer_format', format: 9 }),
  }
}

function serverError(code: string): pg.DatabaseError {
  const error = new pg.DatabaseError('scripted', 0, 'error')
  error.severity = 'ERROR'
  error.code = code
  return error
}

/** A pump of partitions 0, 1 and 2; `refuse` says what is wrong with a statement of these records. */
function open(refuse: (uuids: readonly string[]) => Error | undefined = () => undefined) {
  const sources = new Map([0, 1, 2].map((partition) => [partition, createSource(partition)]))
  const statements: string[][] = []
  const events: string[] = []
  const owned = new Map([0, 1, 2].map((partition) => [partition, 1]))
  const newer: number[] = []
  let gate: Promise<void> | undefined
  const pump = createPump({
    db: {
      async query({ values }: Sql) {
        // owner, ids, epochs, partitions, uuids
        const uuids = values[4] as string[]
        statements.push(uuids)
        await gate
        const error = refuse(uuids)
        if (error) throw error
        events.push(...uuids)
        return []
      },
    },
    owned: () => ({ ownerId: 'me', epochs: owned }),
    sources: new Map([...sources].map(([partition, { source }]) => [partition, source])),
    onStored: () => events.push('stored'),
    onNewerFormat: (partition) => newer.push(partition),
    log: createLog({ level: 'silent' }),
  })
  stops.push(() => pump.stop())
  const sourceOf = (partition: number) => {
    const source = sources.get(partition)
    if (!source) throw new Error(`no partition ${partition}`)
    return source
  }
  const hold = () => {
    let release: () => void = () => undefined
    gate = new Promise((resolve) => (release = resolve))
    return release
  }
  return { pump, sourceOf, statements, events, owned, newer, hold }
}

const eventually = (look: () => unknown) => expect.poll(look, { timeout: 10_000, interval: 5 })
const PASSING = serverError('53100')

test('the records of all partitions share a statement, and are acknowledged and announced after it', async () => {
  const { pump, sourceOf, statements, events, hold } = open()
  sourceOf(0).arrive('a', 'b')
  sourceOf(1).arrive('c')
  const release = hold()
  pump.start()
  await eventually(() => statements.length).toBe(1)
  expect(statements[0]?.toSorted()).toEqual(['a', 'b', 'c'])
  expect([sourceOf(0).acknowledged, events]).toEqual([[], []])
  release()
  await eventually(() => events.at(-1)).toBe('stored')
  expect([sourceOf(0).acknowledged, sourceOf(1).acknowledged]).toEqual([[1], [1]])
})

test('a partition that fails is tried alone: the others go on, and its records stay in their order', async () => {
  let isFailing = true
  const { pump, sourceOf, statements, events } = open((uuids) =>
    isFailing && uuids.includes('bad') ? PASSING : undefined,
  )
  sourceOf(0).arrive('bad')
  sourceOf(0).arrive('behind')
  sourceOf(1).arrive('good')
  pump.start()
  await eventually(() => events).toContain('good')
  await eventually(() => pump.problems()).toEqual(['partition 0 cannot be stored (53100)'])
  sourceOf(2).arrive('later')
  pump.wake()
  await eventually(() => events).toContain('later')
  expect(
    statements.filter((uuids) => uuids.includes('bad') && uuids.some((uuid) => uuid !== 'behind' && uuid !== 'bad')),
  ).toHaveLength(1)
  isFailing = false
  await eventually(() => sourceOf(0).acknowledged).toEqual([2])
  expect(events.filter((uuid) => ['bad', 'behind'].includes(uuid))).toEqual(['bad', 'behind'])
  expect(pump.problems()).toEqual([])
})

test('a record whose content is refused becomes an undecodable one in its place', async () => {
  const { pump, sourceOf, events } = open((uuids) => (uuids.includes('bad') ? serverError('22021') : undefined))
  sourceOf(0).arrive('a', 'bad', 'b')
  sourceOf(0).arrive('c')
  pump.start()
  await eventually(() => sourceOf(0).acknowledged.at(-1)).toBe(2)
  const stored = events.filter((event) => event !== 'stored')
  expect(stored).toEqual(['a', expect.stringMatching(/^[0-9a-f-]{36}$/), 'b', 'c'])
  expect(pump.problems()).toEqual([])
})

test('after an unknown outcome the same records come again, before anything behind them', async () => {
  let isLost = true
  const { pump, sourceOf, statements } = open(() => {
    if (!isLost) return undefined
    isLost = false
    return new Error('Connection terminated unexpectedly')
  })
  sourceOf(0).arrive('a')
  pump.start()
  await eventually(() => statements.length).toBe(1)
  sourceOf(0).arrive('b')
  pump.wake()
  await eventually(() => sourceOf(0).acknowledged.at(-1)).toBe(2)
  expect(statements.slice(1).flat()[0]).toBe('a')
})

test('without a database nobody is to blame', async () => {
  let isAway = true
  const { pump, sourceOf, statements, events } = open(() =>
    isAway ? new DatabaseUnreachable(new Error('refused')) : undefined,
  )
  sourceOf(0).arrive('a')
  sourceOf(1).arrive('b')
  pump.start()
  await eventually(() => statements.length).toBe(2)
  expect(pump.problems()).toEqual([])
  isAway = false
  await eventually(() => events.at(-1)).toBe('stored')
  expect(statements.map(({ length }) => length)).toEqual(statements.map(() => 2))
})

test('a partition that is not active, or is refused by the fence, keeps what it has', async () => {
  let isOurs = false
  const { pump, sourceOf, statements, events, owned } = open((uuids) =>
    !isOurs && uuids.includes('lost') ? serverError('TD001') : undefined,
  )
  owned.delete(1)
  sourceOf(0).arrive('lost')
  sourceOf(1).arrive('inactive')
  sourceOf(2).arrive('mine')
  pump.start()
  await eventually(() => events).toContain('mine')
  await eventually(() => statements.filter((uuids) => uuids.join() === 'lost').length).toBeGreaterThan(0)
  expect(pump.problems()).toEqual([])
  isOurs = true
  owned.set(1, 2)
  await eventually(() => [...sourceOf(0).acknowledged, ...sourceOf(1).acknowledged]).toEqual([1, 1])
})

test('a message in a newer format gives its partition up', async () => {
  const { pump, sourceOf, newer, events } = open()
  sourceOf(0).arriveNewer()
  sourceOf(1).arrive('a')
  pump.start()
  await eventually(() => newer).toEqual([0])
  await eventually(() => events).toContain('a')
})

test('a partition is idle when the statement that has its records is over', async () => {
  const { pump, sourceOf, statements, hold } = open()
  sourceOf(0).arrive('a')
  const release = hold()
  pump.start()
  await eventually(() => statements.length).toBe(1)
  await pump.idle(1)
  const onIdle = vi.fn()
  const idle = pump.idle(0).then(onIdle)
  await new Promise((resolve) => setImmediate(resolve))
  expect(onIdle).not.toHaveBeenCalled()
  release()
  await idle
  expect(sourceOf(0).acknowledged).toEqual([1])
})
