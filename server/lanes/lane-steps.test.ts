import { createLaneBench } from '@tidings/test/support/lane-bench.ts'
import { required } from '../runtime/required.ts'
import { expect, test } from 'vitest'

const RETRY = { kind: 'retry', reason: 'http_500', httpStatus: 500, delayMs: 5000 } as const

/** A lane with notifications at these positions, the first of which is on the wire. */
function sending(...positions: number[]) {
  const bench = createLaneBench()
  bench.dispatch(...positions.map((position) => ({ position })))
  const lane = bench.send()
  /** A row is asked for because the head is on the wire for long, and is on its way to the table. */
  function freezeByAge() {
    bench.memory.steps.requestFreeze(lane, { attempts: 0, delayMs: 0, leaves: false })
    const [sent] = bench.takeFreezes()
    return required(sent, 'a freeze')
  }
  return { bench, lane, steps: bench.memory.steps, freezeByAge }
}

const positionsOf = ({ queue }: { readonly queue: readonly { readonly position: number }[] }) =>
  queue.map(({ position }) => position)

test('the next head is offered when the outcome of the former one is committed, and not before', () => {
  const { bench, lane } = sending(1, 2)
  expect(bench.offers()).toEqual([])
  bench.end(lane)
  expect(bench.settling).toMatchObject([{ settlements: [{ kind: 'delivered', position: 1 }] }])
  expect(bench.offers()).toEqual([])
  bench.settle()
  expect(bench.offers()).toMatchObject([{ isCold: false }])
  expect(positionsOf(lane)).toEqual([2])
  bench.send(lane)
  bench.end(lane, { kind: 'given_up', reason: 'http_410' })
  bench.settle()
  expect([bench.lanes(), bench.size(), bench.left]).toEqual([[], 0, [lane.key]])
})

test('a head that was not sent is offered again, and the former offer is void', () => {
  const { bench, lane, steps } = sending(1)
  steps.notSent(lane)
  const [first] = bench.offers()
  expect(first?.lane).toBe(lane)
  bench.send(lane)
  steps.notSent(lane)
  expect(bench.offers()).toHaveLength(1)
  expect(bench.offers()[0]).not.toBe(first)
})

test('a retry gives the lane a row with its delay; then the lane leaves memory with all that waits in it', () => {
  const { bench, lane, steps } = sending(1, 2)
  bench.now = 100
  bench.end(lane, RETRY)
  expect([lane.step, bench.offers(), bench.settling]).toEqual(['leaving', [], []])
  const [sent] = bench.takeFreezes()
  expect(sent).toMatchObject({
    firstPosition: 1,
    freeze: { attempts: 1, delayMs: 5000, leaves: true, failure: { reason: 'http_500', position: 1 } },
  })
  expect(bench.home.watermark()).toBe(0)
  steps.frozen(required(sent, 'a freeze'))
  expect([bench.lanes(), bench.size(), bench.dueAt]).toEqual([[], 0, [5100]])
  expect(bench.home.watermark()).toBe(2)
})

test('a freeze that the database has not taken is requested again; what it rejects of the attempt is left out', () => {
  const { bench, lane, steps } = sending(1)
  bench.end(lane, RETRY)
  const [first] = bench.takeFreezes()
  steps.notFrozen(required(first, 'a freeze'), { withoutFailure: false })
  const [again] = bench.takeFreezes()
  expect(again).toEqual(first)
  steps.notFrozen(required(again, 'a freeze'), { withoutFailure: true })
  const [bare] = bench.takeFreezes()
  expect(bare?.freeze).toEqual({ attempts: 1, delayMs: 5000, wakesAfterMs: 0, leaves: true })
  expect(bench.takeFreezes(), 'each is taken once').toEqual([])
})

test('a long attempt gets a row meanwhile: its head no longer holds the watermark back, the rest is read again', () => {
  const { bench, lane, steps, freezeByAge } = sending(1, 2, 3)
  steps.frozen(freezeByAge())
  expect([lane.step, lane.isCold, positionsOf(lane)]).toEqual(['sending', true, [1]])
  expect(bench.held).toEqual([lane.key])
  expect(bench.home.watermark()).toBe(3)
  bench.end(lane)
  bench.settle()
  expect([...bench.home.thaws]).toEqual([lane])
  bench.thaw(false)
  expect([bench.lanes(), bench.dueAt]).toEqual([[], [0]])
})

test('an attempt that was settled before the answer of its freeze waits for it', () => {
  const { bench, lane, steps, freezeByAge } = sending(1, 2)
  const sent = freezeByAge()
  bench.end(lane)
  bench.settle()
  expect([bench.offers(), lane.step]).toEqual([[], 'leaving'])
  steps.frozen(sent)
  expect([...bench.home.thaws]).toEqual([lane])
  bench.thaw(true)
  expect(bench.lanes()).toEqual([])
})

test('when that freeze was not written, the lane goes on as it was: with what waits, or not at all', () => {
  const more = sending(1, 2)
  const sent = more.freezeByAge()
  more.bench.end(more.lane)
  more.bench.settle()
  more.steps.notFrozen(sent, { withoutFailure: false })
  expect(more.bench.offers()).toMatchObject([{ lane: { queue: [{ position: 2 }] }, isCold: false }])
  expect(more.bench.takeFreezes()).toEqual([])

  const last = sending(1)
  const lastSent = last.freezeByAge()
  last.bench.end(last.lane)
  last.bench.settle()
  last.steps.notFrozen(lastSent, { withoutFailure: false })
  expect(last.bench.lanes()).toEqual([])
  last.bench.dispatch({ position: 2 })
  expect(last.bench.offers()).toHaveLength(1)
})

test('an attempt that ends before its freeze was sent needs none', () => {
  const { bench, lane, steps } = sending(1, 2)
  steps.requestFreeze(lane, { attempts: 0, delayMs: 0, leaves: false })
  bench.end(lane)
  bench.settle()
  expect(bench.takeFreezes()).toEqual([])
  expect(bench.offers()).toMatchObject([{ isCold: false }])
})

test('a retry while a freeze is on its way is written after it', () => {
  const { bench, lane, steps, freezeByAge } = sending(1, 2)
  const sent = freezeByAge()
  bench.end(lane, RETRY)
  steps.frozen(sent)
  expect([lane.isCold, lane.step, positionsOf(lane)]).toEqual([true, 'leaving', [1]])
  const [retry] = bench.takeFreezes()
  expect(retry).toMatchObject({ firstPosition: 1, freeze: { attempts: 1, leaves: true } })
  steps.frozen(required(retry, 'a freeze'))
  expect([bench.lanes(), bench.dueAt]).toEqual([[], [5000]])
})

test('a cold lane is sent one by one, starting with its attempts, and loses its row when nothing is left', () => {
  const bench = createLaneBench()
  const lane = bench.look([1, 2], { attempts: 3 })
  expect(bench.offers()).toMatchObject([{ isCold: true }])
  expect(bench.home.watermark(), 'its row covers it').toBe(0)
  bench.send()
  bench.end(lane)
  expect(bench.settling).toMatchObject([{ settlements: [{ attempts: 4 }] }])
  bench.settle()
  bench.send()
  bench.end(lane)
  expect(bench.settling).toMatchObject([{ settlements: [{ attempts: 1 }] }])
  bench.settle()
  expect([lane.step, bench.offers(), [...bench.home.thaws]]).toEqual(['leaving', [], [lane]])
  bench.thaw(true)
  expect([bench.lanes(), bench.left, bench.dueAt]).toEqual([[], [lane.key], []])
})

test('a retry of a cold lane changes its row', () => {
  const bench = createLaneBench()
  const lane = bench.look([1, 2], { attempts: 3 })
  bench.send()
  bench.end(lane, RETRY)
  expect(bench.takeFreezes()).toMatchObject([{ firstPosition: 1, freeze: { attempts: 4, delayMs: 5000 } }])
})

test('what happens in a partition that another process has is nothing to this one', () => {
  const { bench, lane, steps, freezeByAge } = sending(1, 2)
  const sent = freezeByAge()
  bench.memory.close(bench.home)
  expect([bench.size(), bench.left]).toEqual([0, [lane.key]])
  steps.notSent(lane)
  bench.end(lane)
  bench.end(lane, RETRY)
  steps.settled(lane, 1)
  steps.frozen(sent)
  steps.notFrozen(sent, { withoutFailure: false })
  steps.thawed(lane, true)
  expect([bench.offers(), bench.settling, bench.dueAt, bench.left]).toEqual([[], [], [], [lane.key]])
})

test('a hot lane that is held back gets a row that is due at once, with no attempt counted, and leaves memory', () => {
  const bench = createLaneBench()
  bench.dispatch({ position: 1 }, { position: 2 })
  const lane = required(bench.offers()[0], 'an offer').lane
  bench.now = 100
  bench.memory.steps.hold(lane)
  expect(bench.offers()).toEqual([])
  const [sent] = bench.takeFreezes()
  expect(sent).toMatchObject({ firstPosition: 1, freeze: { attempts: 0, delayMs: 0, leaves: true } })
  bench.memory.steps.frozen(required(sent, 'a freeze'))
  expect([bench.lanes(), bench.left, bench.dueAt]).toEqual([[], [lane.key], [100]])
})

test('a cold lane that is held back leaves memory without a word to the table, whose row says that it is due', () => {
  const bench = createLaneBench()
  const lane = bench.look([1, 2], { attempts: 3 })
  bench.now = 100
  bench.memory.steps.hold(lane)
  expect([bench.takeFreezes(), bench.lanes(), bench.left, bench.dueAt]).toEqual([[], [], [lane.key], [100]])
})

test('a failed attempt says from when on its lane may be woken: after what the receiver has asked for', () => {
  const { bench, lane } = sending(1)
  bench.end(lane, { ...RETRY, askedMs: 3000 })
  expect(bench.takeFreezes()).toMatchObject([{ freeze: { delayMs: 5000, wakesAfterMs: 3000 } }])
})

test('outcomes that are written again after the queue was read again drop what they are of, and nothing else', () => {
  const { bench, lane, steps } = sending(1, 2)
  bench.end(lane)
  bench.home.state = 'loading'
  bench.load([{ position: 1 }, { position: 5 }, { position: 6 }])
  expect(positionsOf(lane)).toEqual([1, 5, 6])
  steps.settled(lane, 4)
  expect(positionsOf(lane)).toEqual([5, 6])
})
