import { createLaneBench, type LaneBench } from '@tidings/test/support/lane-bench.ts'
import { expect, test } from 'vitest'

const RETRY = { kind: 'retry', reason: 'http_500', delayMs: 5000 } as const

const heads = (bench: LaneBench) => bench.offers().map(({ lane }) => [lane.laneSeries, lane.queue[0]?.position])

const positionsOf = ({ queue }: { readonly queue: readonly { readonly position: number }[] }) =>
  queue.map(({ position }) => position)

test('each lane that a dispatch has filled is offered once, with its notifications in their order', () => {
  const bench = createLaneBench()
  bench.dispatch({ position: 3, series: 'a' }, { position: 1, series: 'a' }, { position: 2, series: 'b' })
  expect(heads(bench)).toEqual([
    ['a', 1],
    ['b', 2],
  ])
  bench.dispatch({ position: 4, series: 'a' })
  expect(bench.offers()).toHaveLength(2)
  expect(bench.lanes().map(positionsOf)).toEqual([[1, 3, 4], [2]])
  expect(bench.size()).toBe(4)
})

test('what is inserted into a lane with a row is left to the table', () => {
  const bench = createLaneBench()
  bench.dispatch({ position: 1, isCold: true })
  expect([bench.lanes(), bench.size()]).toEqual([[], 0])
  expect(bench.home.watermark()).toBe(1)
})

test('what is inserted while the lane is to leave memory is left to the table, and does not hold it back', () => {
  const bench = createLaneBench()
  bench.dispatch({ position: 1 })
  const lane = bench.send()
  bench.end(lane, RETRY)
  bench.dispatch({ position: 2 })
  expect(positionsOf(lane)).toEqual([1])
  bench.freeze()
  expect([bench.lanes(), bench.home.watermark()]).toEqual([[], 2])
})

test('what is inserted while a row is asked for, and the lane stays, comes into memory and is read again later', () => {
  const bench = createLaneBench()
  bench.dispatch({ position: 1 })
  const lane = bench.send()
  bench.memory.steps.requestFreeze(lane, { attempts: 0, delayMs: 0, leaves: false })
  bench.dispatch({ position: 2 })
  expect(positionsOf(lane)).toEqual([1, 2])
  expect(bench.home.watermark()).toBe(0)
  bench.freeze()
  expect(positionsOf(lane)).toEqual([1])
  expect(bench.home.watermark()).toBe(2)
  bench.dispatch({ position: 3, isCold: true })
  expect(positionsOf(lane)).toEqual([1])
})

test('a lane that memory took for hot and that has a row is cold from then on', () => {
  const bench = createLaneBench()
  bench.dispatch({ position: 1 }, { position: 2 })
  const lane = bench.send()
  bench.dispatch({ position: 3, isCold: true })
  expect([lane.isCold, positionsOf(lane), bench.held]).toEqual([true, [1], [lane.key]])
  bench.end(lane)
  bench.settle()
  expect([...bench.home.thaws]).toEqual([lane])
})

test('the watermark never passes an unsettled notification of a hot lane, whatever is settled first', () => {
  const bench = createLaneBench()
  const series = ['a', 'b', 'c', 'a', 'b', 'c']
  bench.dispatch(...series.map((name, index) => ({ position: index + 1, series: name })))
  const unsettled = new Set(series.map((_, index) => index + 1))
  for (const name of ['c', 'a', 'c', 'b', 'b', 'a']) {
    const lane = bench.lanes().find(({ laneSeries }) => laneSeries === name)
    unsettled.delete(lane?.queue[0]?.position ?? 0)
    bench.end(bench.send(lane))
    expect(bench.home.watermark()).toBeLessThan(Math.min(...unsettled, ...[lane?.queue[0]?.position ?? 7]))
    bench.settle()
    expect(bench.home.watermark()).toBe(Math.min(7, ...unsettled) - 1)
  }
  expect(bench.size()).toBe(0)
})

test('the watermark is right after more settlements than are removed at once', () => {
  const bench = createLaneBench()
  bench.dispatch({ position: 1, series: 'old' })
  for (let position = 2; position <= 3000; position += 1) bench.dispatch({ position, series: `s${position}` })
  const [old, ...others] = bench.lanes()
  for (const lane of others) bench.end(bench.send(lane))
  bench.settle()
  expect(bench.home.watermark()).toBe(0)
  bench.dispatch({ position: 3001, series: 'new' })
  bench.end(bench.send(old))
  bench.settle()
  expect(bench.home.watermark()).toBe(3000)
})

test('a deletion cancels what waits, in the order of its lane, when its head is not on the wire', () => {
  const bench = createLaneBench()
  bench.dispatch({ position: 1 }, { position: 2 }, { position: 3, targetId: 2 })
  bench.memory.cancel([1])
  expect(bench.settling).toMatchObject([
    { settlements: [1, 2].map((position) => ({ kind: 'cancelled', position, attempts: 0 })) },
  ])
  expect(bench.offers().map(({ lane }) => lane.targetId)).toEqual([2])
  bench.settle()
  expect(bench.lanes().map(({ targetId }) => targetId)).toEqual([2])
  expect(bench.memory.isCancelled(1)).toBe(true)
  bench.now = 180_000
  bench.memory.sweep()
  expect(bench.memory.isCancelled(1)).toBe(false)
})

test('a deletion during an attempt: its outcome counts, a failure is no retry, the rest is cancelled', () => {
  for (const [outcome, kind] of [
    [{}, 'delivered'],
    [RETRY, 'cancelled'],
  ] as const) {
    const bench = createLaneBench()
    bench.dispatch({ position: 1 }, { position: 2 })
    const lane = bench.send()
    bench.memory.cancel([1])
    expect(bench.settling).toEqual([])
    bench.end(lane, outcome)
    expect(bench.settling).toMatchObject([{ settlements: [{ kind, position: 1 }] }])
    bench.settle()
    expect(bench.settling).toMatchObject([{ settlements: [{ kind: 'cancelled', position: 2 }] }])
    bench.settle()
    expect([bench.lanes(), bench.takeFreezes()]).toEqual([[], []])
  }
})

test('a deletion while the head was not sent after all cancels it too', () => {
  const bench = createLaneBench()
  bench.dispatch({ position: 1 })
  const lane = bench.send()
  bench.memory.cancel([1])
  bench.memory.steps.notSent(lane)
  expect(bench.settling).toMatchObject([{ settlements: [{ kind: 'cancelled', position: 1 }] }])
})

test('a deletion while an outcome is written, or a row is asked for, is seen when the lane goes on', () => {
  const settling = createLaneBench()
  settling.dispatch({ position: 1 }, { position: 2 })
  settling.end(settling.send())
  settling.memory.cancel([1])
  expect(settling.settling).toMatchObject([{ settlements: [{ kind: 'delivered' }] }])
  settling.settle()
  expect(settling.settling).toMatchObject([{ settlements: [{ kind: 'cancelled', position: 2 }] }])

  const leaving = createLaneBench()
  leaving.dispatch({ position: 1 })
  leaving.end(leaving.send(), RETRY)
  leaving.memory.cancel([1])
  leaving.freeze()
  expect([leaving.settling, leaving.lanes()], 'what is in the table is cancelled there').toEqual([[], []])
})

test('a cold lane of a deleted subscription is cancelled in memory, and what is behind is read again', () => {
  const bench = createLaneBench()
  bench.targetOf(1).isCancelled = true
  const lane = bench.look([1, 2])
  expect(bench.settling).toMatchObject([{ settlements: [{ position: 1 }, { position: 2 }] }])
  bench.settle()
  expect([...bench.home.thaws]).toEqual([lane])
  bench.thaw(false)
  expect([bench.lanes(), bench.dueAt]).toEqual([[], [0]])
})

test('a lane with a row in which nothing waits is not offered: its row is to go', () => {
  const bench = createLaneBench()
  const lane = bench.look([])
  expect([bench.offers(), [...bench.home.thaws]]).toEqual([[], [lane]])
})

test('a lane that memory has is not read again', () => {
  const bench = createLaneBench()
  bench.dispatch({ position: 5 })
  bench.look([1, 2])
  expect(bench.lanes().map(positionsOf)).toEqual([[5]])
})

test('memory is idle while nothing is on the wire, being written, or to be written with an outcome', async () => {
  const bench = createLaneBench()
  const seen: string[] = []
  const watch = (name: string) => bench.memory.idle(bench.home.partition).then(() => seen.push(name))
  bench.dispatch({ position: 1 }, { position: 2 })
  await watch('only waits')
  const lane = bench.send()
  const done = watch('retry is written')
  bench.end(lane, RETRY)
  await Promise.resolve()
  expect(seen).toEqual(['only waits'])
  bench.freeze()
  await done
  await bench.memory.idle()
  expect(seen).toEqual(['only waits', 'retry is written'])
})

test('a freeze whose answer is lost while its partition is handed over is written again', async () => {
  const bench = createLaneBench()
  bench.dispatch({ position: 1 })
  bench.end(bench.send(), RETRY)
  bench.home.state = 'closing'
  const idle = bench.memory.idle(bench.home.partition)
  expect(bench.takeFreezes()).toHaveLength(1)
  expect(bench.takeFreezes()).toEqual([])
  bench.memory.steps.repeatFreezes(bench.home)
  expect(bench.home.watermark()).toBe(0)
  bench.freeze()
  await idle
  expect([bench.lanes(), bench.home.watermark()]).toEqual([[], 1])
})
