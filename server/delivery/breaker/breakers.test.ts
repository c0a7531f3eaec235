import { expect, test } from 'vitest'
import type { AttemptResult } from '../send-result.ts'
import { createBreakers, type BreakerChange } from './breakers.ts'

const OK: AttemptResult = { kind: 'answered', httpStatus: 200, durationMs: 0 }
const BROKEN: AttemptResult = { kind: 'answered', httpStatus: 500, durationMs: 0 }
const BUSY: AttemptResult = { kind: 'answered', httpStatus: 503, retryAfterMs: 90_000, durationMs: 0 }
const UNREACHED: AttemptResult = { kind: 'failed', reason: 'connect_refused', stage: 'connect', durationMs: 0 }
/** Of a mail server, before the text of the mail. */
const SILENT: AttemptResult = { kind: 'failed', reason: 'answer_timeout', stage: 'connect', durationMs: 0 }

const placeOf = (addressKey: string, origin = 'http://one') => ({ addressKey, origin })

function createBench({ maxKnown = 100 } = {}) {
  const bench = { now: 0, changes: [] as BreakerChange[], woken: [] as ((addressKey: string) => boolean)[] }
  const breakers = createBreakers({
    waitMs: (attempts, result) =>
      Math.max(attempts * 100_000, result.kind === 'answered' ? (result.retryAfterMs ?? 0) : 0),
    wokenMs: 1000,
    hopelessProbes: 3,
    onChange: (change) => bench.changes.push(change),
    onWake: (isWoken) => bench.woken.push(isWoken),
    clock: () => bench.now,
    now: () => new Date(bench.now),
    maxKnown,
  })
  function attempt(lane: string, place: ReturnType<typeof placeOf>, result: AttemptResult): void {
    breakers.begun({ key: lane, target: place })
    breakers.ended({ key: lane, target: place }, result, bench.now)
  }
  /** As many failures as open a breaker. */
  function fail(place: ReturnType<typeof placeOf>, result: AttemptResult): void {
    for (const lane of ['a', 'b', 'c', 'd', 'e']) attempt(`${lane} ${place.addressKey}`, place, result)
  }
  return Object.assign(bench, { breakers, attempt, fail })
}

test('an address that fails is held back, its neighbour at the same server is not', () => {
  const { breakers, fail, changes } = createBench()
  fail(placeOf('x'), BROKEN)
  expect(breakers.holds(placeOf('x'))).toBe(true)
  expect(breakers.heldUntil('x')).toBe(100_000)
  expect(breakers.roomFor('x')).toBe(0)
  expect(breakers.holds(placeOf('y'))).toBe(false)
  expect(breakers.roomFor('y')).toBe(Infinity)
  expect(changes).toMatchObject([{ addressKey: 'x', origin: 'http://one', result: BROKEN }])
})

test('a server that cannot be reached holds all its addresses back; one probe for all, at least each minute', () => {
  const bench = createBench()
  const { breakers, fail, attempt, changes } = bench
  fail(placeOf('x'), UNREACHED)
  expect(changes).toMatchObject([{ addressKey: undefined, origin: 'http://one' }])
  expect(breakers.roomFor('y'), 'its server is not known yet').toBe(Infinity)
  expect(breakers.holds(placeOf('y'))).toBe(true)
  expect(breakers.heldUntil('y')).toBe(60_000)
  expect(breakers.holds(placeOf('z', 'http://other'))).toBe(false)
  bench.now = 60_000
  breakers.begun({ key: 'a x', target: placeOf('x') })
  expect(breakers.holds(placeOf('y'))).toBe(true)
  breakers.ended({ key: 'a x', target: placeOf('x') }, UNREACHED, 60_000)
  expect(breakers.heldUntil('y')).toBe(120_000)
  attempt('late y', placeOf('y'), BROKEN)
  expect(breakers.holds(placeOf('y')), 'somebody is there again').toBe(false)
  expect(bench.woken.map((isWoken) => ['x', 'y', 'z'].filter(isWoken))).toEqual([['x', 'y']])
})

test('a probe of a server that meets silence is one that has failed: the next one waits', () => {
  const bench = createBench()
  const { breakers, fail, attempt } = bench
  fail(placeOf('x'), UNREACHED)
  bench.now = 60_000
  attempt('a y', placeOf('y'), SILENT)
  expect(breakers.holds(placeOf('x'))).toBe(true)
  expect(breakers.heldUntil('x')).toBe(120_000)
})

test('a success wakes the lanes of its address, as of that moment, for as long as their waits may last', () => {
  const bench = createBench()
  const { breakers, fail, attempt } = bench
  fail(placeOf('x'), BROKEN)
  expect(breakers.wokenAt('x')).toBeNull()
  bench.now = 500
  attempt('late x', placeOf('x'), OK)
  expect(bench.woken.map((isWoken) => ['x', 'y'].filter(isWoken))).toEqual([['x']])
  expect(breakers.roomFor('x')).toBe(2)
  expect(bench.changes).toHaveLength(2)
  bench.now = 1499
  expect(breakers.wokenAt('x')).toEqual(new Date(500))
  bench.now = 1500
  expect(breakers.wokenAt('x')).toBeNull()
})

test('the next probe obeys what the receiver has asked for', () => {
  const bench = createBench()
  bench.fail(placeOf('x'), { ...BUSY, retryAfterMs: 700_000 })
  expect(bench.breakers.heldUntil('x')).toBe(700_000)
})

test('after as many probes as a notification needs attempts, it is hopeless; a success ends that', () => {
  const bench = createBench()
  const { breakers, fail, attempt } = bench
  fail(placeOf('x'), BROKEN)
  for (const expected of [false, false, true]) {
    bench.now = breakers.heldUntil('x') ?? 0
    attempt('a x', placeOf('x'), BROKEN)
    expect(breakers.isHopeless('x')).toBe(expected)
    expect(breakers.hasHopeless()).toBe(expected)
  }
  attempt('b x', placeOf('x'), OK)
  expect(breakers.isHopeless('x')).toBe(false)
  expect(breakers.hasHopeless()).toBe(false)
})

test('no more are remembered than may be: the least recently used are forgotten, and sent to again', () => {
  const { breakers, fail } = createBench({ maxKnown: 10 })
  for (let id = 0; id < 11; id += 1) fail(placeOf(String(id)), BROKEN)
  expect(breakers.holds(placeOf('0'))).toBe(false)
  expect(breakers.holds(placeOf('10'))).toBe(true)
})
