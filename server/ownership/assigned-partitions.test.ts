import { expect, test } from 'vitest'
import { createLog } from '../log.ts'
import { createAssignedPartitions } from './assigned-partitions.ts'

const owned = (...ids: number[]) => ids.map((id) => ({ id, epoch: 10 + id }))

/** Drains and the broker end their work when they are told. */
function held() {
  const said: string[] = []
  const waiting = new Map<string, () => void>()
  const until = (name: string) => new Promise<void>((resolve) => waiting.set(name, resolve))
  const partitions = createAssignedPartitions({
    broker: {
      assign(ids) {
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

test('a partition that is being released is not active, but owned until the table says otherwise', async () => {
  const { partitions, end } = held()
  partitions.replace(owned(0, 1))
  partitions.release([1])
  expect([...partitions.active()]).toEqual([[0, 10]])
  partitions.replace(owned(0, 1))
  expect([...partitions.active()]).toEqual([[0, 10]])
  expect([...partitions.owned()]).toEqual([
    [0, 10],
    [1, 11],
  ])
  for (const name of ['hold 0,1', 'hold 0', 'drain 1']) await end(name)
  partitions.replace(owned(0))
  expect([...partitions.owned()]).toEqual([[0, 10]])
  expect(partitions.drained()).toEqual([])
})

test('each partition is drained when its work has ended and the broker has released it', async () => {
  const { partitions, said, end } = held()
  partitions.replace(owned(0, 1, 2))
  await end('hold 0,1,2')
  partitions.release([1, 2], 7)
  await end('drain 1')
  expect(partitions.drained()).toEqual([])
  await end('hold 0')
  expect(partitions.drained()).toEqual([{ id: 1, format: 7 }])
  await end('drain 2')
  await partitions.allDrained()
  expect(partitions.drained()).toHaveLength(2)
  expect(said).toEqual(['hold 0,1,2', 'hold 0', 'drained', 'drained'])
})

test('the broker gets the active partitions at once, and nothing when they have not changed', () => {
  const { partitions, said } = held()
  partitions.replace(owned(0))
  partitions.replace(owned(0))
  partitions.replace(owned(0, 1))
  partitions.release([0])
  partitions.replace(owned(0))
  expect(said).toEqual(['hold 0', 'hold 0,1', 'hold 1', 'hold '])
})

test('a partition that was lost and taken again is active at its new epoch, even if it was being released', () => {
  const { partitions } = held()
  partitions.replace(owned(3))
  partitions.release([3])
  partitions.replace([{ id: 3, epoch: 99 }])
  expect([...partitions.active()]).toEqual([[3, 99]])
  expect(partitions.releasing().size).toBe(0)
})

test('a partition that is not active cannot be released', () => {
  const { partitions } = held()
  partitions.replace(owned(0))
  partitions.release([0, 5])
  partitions.release([0])
  expect([...partitions.releasing()]).toEqual([0])
})

test('while the owners are not known, the broker has no partitions, and settlements still have them', async () => {
  const { partitions, said, end } = held()
  partitions.replace(owned(0, 1))
  partitions.suspend()
  partitions.suspend()
  expect(said).toEqual(['hold 0,1', 'hold '])
  expect([...partitions.owned().keys()]).toEqual([0, 1])
  partitions.release([1])
  partitions.replace(owned(0, 1))
  partitions.replace(owned(0, 1))
  expect(said).toEqual(['hold 0,1', 'hold ', 'hold ', 'hold 0'])
  for (const name of ['hold ', 'hold 0', 'drain 1']) await end(name)
})
