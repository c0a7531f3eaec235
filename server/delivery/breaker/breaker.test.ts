import { expect, test } from 'vitest'
import {
  CLOSED,
  begun,
  failed,
  heldUntil,
  isForgettable,
  roomIn,
  succeeded,
  withdrawn,
  type Breaker,
} from './breaker.ts'

const waitMs = (attempts: number) => attempts * 1000
const at = (ms: number) => ({ at: ms, time: new Date(ms) })

/** A failure of an attempt that took no time. */
const failedAt = (breaker: Breaker, now: number, lane: string) => failed(breaker, { lane, startedAt: now, now, waitMs })

const failedBy = (breaker: Breaker, now: number, lanes: readonly string[]) =>
  lanes.reduce((one, lane) => failedAt(one, now, lane), breaker)

/** Opened at 0, with its first probe at 1000. */
const OPEN = failedBy(CLOSED, 0, ['a', 'a', 'a', 'a', 'b'])

/** A probe of this lane that fails. */
const probeFailed = (breaker: Breaker, now: number, lane: string) => failedAt(begun(breaker, lane, now), now, lane)

test('five failures in a row of several lanes open it, four do not', () => {
  expect(failedBy(CLOSED, 0, ['a', 'b', 'c', 'd']).state).toBe('closed')
  expect(OPEN).toMatchObject({ state: 'open', probes: 0, probeAt: 1000 })
})

test('however often one lane fails, it stays closed: the fault may be that of its notification', () => {
  const many = failedBy(
    CLOSED,
    0,
    Array.from({ length: 50 }, () => 'a'),
  )
  expect(many).toMatchObject({ state: 'closed', failures: 50 })
  expect(roomIn(many, 0)).toBe(Infinity)
  expect(failedAt(many, 0, 'b').state).toBe('open')
})

test('a success in between begins the count again', () => {
  const four = failedBy(CLOSED, 0, ['a', 'b', 'c', 'd'])
  expect(failedBy(succeeded(four, 'e', at(0)), 0, ['a', 'b', 'c', 'd']).state).toBe('closed')
})

test('an open one admits nothing before its probe is due, then one attempt, and no other while it is under way', () => {
  expect(roomIn(OPEN, 999)).toBe(0)
  expect(heldUntil(OPEN, 999)).toBe(1000)
  expect(roomIn(OPEN, 1000)).toBe(1)
  expect(heldUntil(OPEN, 1000)).toBeUndefined()
  const probed = begun(OPEN, 'a', 1000)
  expect(roomIn(probed, 1500)).toBe(0)
  expect(heldUntil(probed, 1500)).toBe(Infinity)
})

test('each probe that fails has the next one wait for the next time of the list', () => {
  const once = probeFailed(OPEN, 1000, 'a')
  expect(once).toMatchObject({ state: 'open', probes: 1, probeAt: 3000 })
  expect(probeFailed(once, 3000, 'b')).toMatchObject({ state: 'open', probes: 2, probeAt: 6000 })
})

test('attempts that were under way when it was opened are no probes', () => {
  expect(failedAt(OPEN, 500, 'c')).toBe(OPEN)
})

test('a probe that is not sent after all makes room for another one at once', () => {
  expect(roomIn(withdrawn(begun(OPEN, 'a', 1000), 'a'), 1001)).toBe(1)
})

test('a probe of which nobody reports the end does not hold it open for ever', () => {
  const lost = begun(OPEN, 'a', 1000)
  expect(roomIn(lost, 1000 + 14 * 60_000)).toBe(0)
  expect(roomIn(lost, 1000 + 15 * 60_000)).toBe(1)
})

test('a success of any lane ends it, wakes the others, and the attempts become more with each success', () => {
  let breaker = succeeded(OPEN, 'z', at(700))
  expect(breaker).toMatchObject({ state: 'recovering', woken: at(700) })
  for (const [round, room] of [2, 4, 8, 16, 32].entries()) {
    expect(roomIn(breaker, 700)).toBe(room)
    const lanes = Array.from({ length: room }, (_, index) => `${round} ${index}`)
    breaker = lanes.reduce((one, lane) => begun(one, lane, 700), breaker)
    expect(roomIn(breaker, 700)).toBe(0)
    expect(heldUntil(breaker, 700), 'they wait in memory').toBeUndefined()
    breaker = lanes.reduce((one, lane) => succeeded(one, lane, at(700)), breaker)
  }
  expect(breaker).toMatchObject({ state: 'closed', woken: at(700) })
})

test('failures of attempts from before it was closed do not open it again, later ones do', () => {
  const recovering = succeeded(OPEN, 'z', at(5000))
  const old = ['a', 'b', 'c', 'd', 'e', 'f'].reduce<Breaker>(
    (one, lane) => failed(one, { lane, startedAt: 4000, now: 6000, waitMs }),
    recovering,
  )
  expect(old).toMatchObject({ state: 'recovering', failures: 0 })
  expect(failedBy(old, 6000, ['a', 'b', 'c', 'd', 'e'])).toMatchObject({ state: 'open', probes: 0, probeAt: 7000 })
})

test('one that is closed, with nothing against it, is forgotten when nobody is to be woken any more', () => {
  const room = Array.from({ length: 64 }, (_, index) => String(index))
  const closed = room.reduce<Breaker>((one, lane) => succeeded(one, lane, at(100)), OPEN)
  expect(closed.state).toBe('closed')
  expect(isForgettable(closed, 150, 100)).toBe(false)
  expect(isForgettable(closed, 200, 100)).toBe(true)
  expect(isForgettable(failedAt(closed, 200, 'a'), 200, 100)).toBe(false)
  expect(isForgettable(OPEN, 1e9, 100)).toBe(false)
})
