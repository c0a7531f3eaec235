import { expect, test } from 'vitest'
import { createLog } from '../log.ts'
import { createHeldPartitions } from './held-partitions.ts'

const owned = (...ids: number[]) => ids.map((id) => ({ id, epoch: 10 + id }))

/** Drains and the broker end their work when they are told. */
function held() {
  const said: string[] = []
  const waiting = new Map<string, () => void>()
  const until = (name: string) => new Promise<void>((resolve) => waiting.set(name, resolve))
  const partitions = createHeldPartitions({
    broker: {
      hold(ids) {
        said.push(`hold ${ids.join()}`)
        return until(`hold ${ids.join()}`)
      },
    },
    drain: (partition) => until(`drain ${partition}`),
    onDrained: () => said.push('drained'),
    log: createLog({ level: 'silent' }),
  })
  async function end(name: string): Promise<void> {
    waiting.get(name)?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { partitions, said, end }
}

test('what is let go is not worked, and still ours, until the table says otherwise', async () => {
  const { partitions, end } = held()
  partitions.replace(owned(0, 1))
  partitions.letGo([1])
  expect([...partitions.worked()]).toEqual([[0, 10]])
  partitions.replace(owned(0, 1))
  expect([...partitions.worked()]).toEqual([[0, 10]])
  expect([...partitions.all()]).toEqual([[0, 10], [1, 11]])
  for (const name of ['hold 0,1', 'hold 0', 'drain 1']) await end(name)
  partitions.replace(owned(0))
  expect([...partitions.all()]).toEqual([[0, 10]])
  expect(partitions.drained()).toEqual([])
})

test('a partition is drained when its work has ended and the broker has let it go, each alone', async () => {
  const { partitions, said, end } = held()
  partitions.replace(owned(0, 1, 2))
  await end('hold 0,1,2')
  partitions.letGo([1, 2], 7)
  await end('drain 1')
  expect(partitions.drained()).toEqual([])
  await end('hold 0')
  expect(partitions.drained()).toEqual([{ id: 1, format: 7 }])
  await end('drain 2')
  await partitions.allDrained()
  expect(partitions.drained()).toHaveLength(2)
  expect(said).toEqual(['hold 0,1,2', 'hold 0', 'drained', 'drained'])
})

test('the broker hears at once of what is worked, and of nothing when nothing has changed', () => {
  const { partitions, said } = held()
  partitions.replace(owned(0))
  partitions.replace(owned(0))
  partitions.replace(owned(0, 1))
  partitions.letGo([0])
  partitions.replace(owned(0))
  expect(said).toEqual(['hold 0', 'hold 0,1', 'hold 1', 'hold '])
})

test('what was lost and taken again is worked at its new epoch, although it had been let go before', () => {
  const { partitions } = held()
  partitions.replace(owned(3))
  partitions.letGo([3])
  partitions.replace([{ id: 3, epoch: 99 }])
  expect([...partitions.worked()]).toEqual([[3, 99]])
  expect(partitions.leaving().size).toBe(0)
})

test('what is not worked cannot be let go', () => {
  const { partitions } = held()
  partitions.replace(owned(0))
  partitions.letGo([0, 5])
  partitions.letGo([0])
  expect([...partitions.leaving()]).toEqual([0])
})

test('as long as nobody knows whose they are, the broker has none; they stay as they were for settlements', async () => {
  const { partitions, said, end } = held()
  partitions.replace(owned(0, 1))
  partitions.suspend()
  partitions.suspend()
  expect(said).toEqual(['hold 0,1', 'hold '])
  expect([...partitions.all().keys()]).toEqual([0, 1])
  partitions.letGo([1])
  partitions.replace(owned(0, 1))
  partitions.replace(owned(0, 1))
  expect(said).toEqual(['hold 0,1', 'hold ', 'hold ', 'hold 0'])
  for (const name of ['hold ', 'hold 0', 'drain 1']) await end(name)
})
