import { expect, test } from 'vitest'
import type { Sql } from 'sql-template-tag'
import { createLog } from '../log.ts'
import type { Lane, Waiting } from '../lanes/lane-model.ts'
import { createPartitionLanes } from '../lanes/partition-lanes.ts'
import type { FinalSettlement } from '../lanes/settlement.ts'
import { MACHINE } from '../runtime/machine.ts'
import { createSettler } from './settler.ts'

/** A settler on a machine whose time stands still until a timer is fired. */
function startSettler() {
  const home = createPartitionLanes(0, 7)
  home.state = 'open'
  let now = 0
  const timers: { readonly ms: number; readonly fire: () => void }[] = []
  const settled: Lane[][] = []
  const settler = createSettler({
    db: {
      query: <Row>({ values }: Sql) => {
        settled.push([])
        return Promise.resolve(values.length > 0 ? ([{ settled: 1 }] as Row[]) : [])
      },
    },
    ownedPartitions: () => ({ ownerId: 'me', epochs: new Map([[0, 7]]) }),
    onSettled(lane) {
      settled.at(-1)?.push(lane)
    },
    log: createLog({ level: 'silent', isTerminal: false }),
    machine: {
      ...MACHINE,
      now: () => now,
      startTimer(ms, fire) {
        timers.push({ ms, fire })
        return () => undefined
      },
    },
  })
  settler.start()
  const laneOf = (positions: readonly number[], change: Partial<Lane> = {}): Lane => {
    const queue = positions.map((position) => ({
      position,
      event: { partition: 0, position, deletesSubscriptions: false, text: undefined, users: 1 },
    })) as unknown as Waiting[]
    return { home, queue, isCold: false, ...change } as unknown as Lane
  }
  const outcomeAt = (position: number) =>
    ({ kind: 'delivered', position, partition: 0, attempts: 1, reason: null, httpStatus: 200 }) as FinalSettlement
  return {
    settled,
    timers,
    laneOf,
    settle: (lane: Lane) => settler.settle(lane, [outcomeAt(lane.queue[0]?.position ?? 0)]),
    pass(ms: number) {
      now += ms
      timers.splice(0).forEach(({ fire }) => fire())
    },
    stop: settler.stop,
  }
}

const turns = async () => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

test('outcomes for which nobody waits share a statement, 10 ms after the first', async () => {
  const { settled, timers, laneOf, settle, pass, stop } = startSettler()
  await turns()
  settle(laneOf([1]))
  settle(laneOf([2]))
  await turns()
  expect(settled).toEqual([])
  expect(timers.at(-1)?.ms).toBe(10)
  pass(10)
  await turns()
  expect(settled.map((lanes) => lanes.length)).toEqual([2])
  await stop()
})

test.each([
  ['the next notification of its lane', [1, 2], {}],
  ['a lane with a row', [1], { isCold: true }],
])('%s does not wait', async (_what, positions, change) => {
  const { settled, laneOf, settle, stop } = startSettler()
  await turns()
  settle(laneOf(positions, change))
  await turns()
  expect(settled.map((lanes) => lanes.length)).toEqual([1])
  await stop()
})

test('many do not wait either', async () => {
  const { settled, laneOf, settle, stop } = startSettler()
  await turns()
  for (let position = 1; position <= 64; position += 1) settle(laneOf([position]))
  await turns()
  expect(settled.map((lanes) => lanes.length)).toEqual([64])
  await stop()
})
