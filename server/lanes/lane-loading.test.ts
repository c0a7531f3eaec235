import { createLaneBench } from '@tidings/test/support/lane-bench.ts'
import { expect, test } from 'vitest'

const positionsOf = ({ queue }: { readonly queue: readonly { readonly position: number }[] }) =>
  queue.map(({ position }) => position)

test('after a take-over what is not settled is offered lane by lane; of cold lanes nothing is kept', () => {
  const bench = createLaneBench()
  bench.load(
    [{ position: 1 }, { position: 2, series: 'cold', isCold: true }, { position: 3 }, { position: 4, series: 'b' }],
    9,
  )
  expect(bench.home.state).toBe('open')
  expect(bench.lanes().map(positionsOf)).toEqual([[1, 3], [4]])
  expect(bench.offers().map(({ lane }) => lane.laneSeries)).toEqual(['series', 'b'])
  expect(bench.home.watermark()).toBe(0)
  expect(bench.home.cursor).toBe(9)
})

test('of events read from the table neither their text is known nor whether they remove subscriptions', () => {
  const bench = createLaneBench()
  bench.load([{ position: 1 }])
  expect(bench.lanes()[0]?.queue[0]?.event).toMatchObject({ deletesSubscriptions: undefined, text: undefined })
})

test('a head on the wire is kept, and what is behind it is what the table has', () => {
  const bench = createLaneBench()
  bench.dispatch({ position: 1 }, { position: 2 })
  const lane = bench.send()
  const [head] = lane.queue
  bench.load([{ position: 1 }, { position: 2 }, { position: 3 }])
  expect(bench.lanes()).toEqual([lane])
  expect([positionsOf(lane), lane.queue[0] === head, bench.offers()]).toEqual([[1, 2, 3], true, []])
  expect(bench.home.watermark()).toBe(0)
  bench.end(lane)
  bench.settle()
  expect(positionsOf(lane)).toEqual([2, 3])
  expect([bench.offers().length, bench.size()]).toEqual([1, 2])
  expect(bench.home.watermark()).toBe(1)
})

test('an outcome that is being written is kept; if the table has it, the lane goes on behind it', () => {
  const bench = createLaneBench()
  bench.dispatch({ position: 1 }, { position: 2 })
  const lane = bench.send()
  bench.end(lane)
  bench.load([{ position: 2 }])
  expect(positionsOf(lane)).toEqual([1, 2])
  bench.settle()
  expect(bench.offers().map(({ lane: { queue } }) => queue[0]?.position)).toEqual([2])
})

test('a lane that only waited is read anew, and its former offer is void', () => {
  const bench = createLaneBench()
  bench.dispatch({ position: 1 }, { position: 2 })
  const [former] = bench.offers()
  bench.load([{ position: 2 }])
  expect(bench.offers()).toHaveLength(1)
  expect(bench.offers()[0]).not.toBe(former)
  expect(bench.lanes().map(positionsOf)).toEqual([[2]])
  expect(bench.size()).toBe(1)
})

test('a retry that was not known to be written is written again, and its lane then leaves memory', () => {
  const bench = createLaneBench()
  bench.dispatch({ position: 1 }, { position: 2 })
  const lane = bench.send()
  bench.end(lane, { kind: 'retry', reason: 'http_500', delayMs: 1000 })
  bench.takeFreezes()
  bench.load([{ position: 1 }, { position: 2 }])
  expect(positionsOf(lane), 'what is behind it is for the table').toEqual([1])
  expect(bench.home.watermark()).toBe(0)
  expect(bench.takeFreezes()).toMatchObject([{ firstPosition: 1, freeze: { leaves: true, attempts: 1 } }])
})

test('a row that was asked for because of a long attempt is as the table says; it can be asked for again', () => {
  for (const isCold of [false, true]) {
    const bench = createLaneBench()
    bench.dispatch({ position: 1 }, { position: 2 })
    const lane = bench.send()
    bench.memory.steps.requestFreeze(lane, { attempts: 0, delayMs: 0, leaves: false })
    bench.takeFreezes()
    bench.load([
      { position: 1, isCold },
      { position: 2, isCold },
    ])
    expect([lane.isCold, lane.freeze, positionsOf(lane)]).toEqual([isCold, undefined, isCold ? [1] : [1, 2]])
    expect(bench.home.watermark()).toBe(isCold ? 2 : 0)
    bench.end(lane)
    bench.settle()
    expect(bench.home.thaws.has(lane)).toBe(isCold)
    expect(bench.offers()).toHaveLength(isCold ? 0 : 1)
  }
})

test('cold lanes that wait, and requests to delete rows, are forgotten: they are found again in the table', () => {
  const bench = createLaneBench()
  bench.look([1], { series: 'waits' })
  bench.look([], { series: 'empty' })
  bench.load([{ position: 1, series: 'waits', isCold: true }])
  expect([bench.lanes(), [...bench.home.thaws], bench.size()]).toEqual([[], [], 0])
  expect(bench.left).toEqual(['1 waits', '1 empty'])
})
