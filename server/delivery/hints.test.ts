import { expect, test } from 'vitest'
import { createHints, type HintSnapshot, type Hints } from './hints.ts'

const pair = { partition: 3, addressKey: 'a' }

function onlyDue(hints: Hints, now: number): HintSnapshot {
  const [snapshot, ...others] = hints.due(now)
  if (!snapshot || others.length > 0)
    throw new Error(`expected one hint that is due, there are ${others.length + (snapshot ? 1 : 0)}`)
  return snapshot
}

test('a pair is due from its time on', () => {
  const hints = createHints()
  hints.add(pair, 100)
  expect(hints.due(99)).toEqual([])
  expect(hints.due(100)).toMatchObject([pair])
})

test('the earlier of two hints for a pair counts, in whichever order they come', () => {
  const hints = createHints()
  hints.add(pair, 100)
  hints.add(pair, 50)
  hints.add(pair, 200, { hasLater: true })
  expect(hints.nextAfter(0)).toBe(50)
  expect(onlyDue(hints, 50).hasLater).toBe(true)
})

test('what is due already does not hide what comes due later', () => {
  const hints = createHints()
  hints.add(pair, 10)
  hints.add({ ...pair, addressKey: 'b' }, 30)
  hints.add({ ...pair, addressKey: 'c' }, 20)
  expect([hints.nextAfter(9), hints.nextAfter(10), hints.nextAfter(20), hints.nextAfter(30)]).toEqual([
    10,
    20,
    30,
    undefined,
  ])
})

test('pairs of one address in two partitions are independent', () => {
  const hints = createHints()
  hints.add(pair, 1)
  hints.add({ ...pair, partition: 4 }, 2)
  expect(hints.due(2)).toHaveLength(2)
})

test('an exhausted pair is forgotten, or waits for its next due lane', () => {
  const hints = createHints()
  hints.add(pair, 0)
  hints.exhausted(onlyDue(hints, 0), 70)
  expect(hints.nextAfter(0)).toBe(70)
  hints.exhausted(onlyDue(hints, 70), undefined)
  expect(hints.nextAfter(0)).toBeUndefined()
})

test('a hint that came during a claim survives the end of that claim', () => {
  const hints = createHints()
  hints.add(pair, 0)
  const seen = onlyDue(hints, 0)
  hints.add(pair, 5)
  hints.exhausted(seen, undefined)
  expect(hints.due(5)).toHaveLength(1)
  hints.exhausted(seen, 1000)
  expect(hints.due(5)).toHaveLength(1)
})

test('hints of partitions that were released are forgotten', () => {
  const ours = new Set([pair.partition, 9])
  const hints = createHints((partition) => ours.has(partition))
  hints.add(pair, 0)
  hints.add({ partition: 9, addressKey: 'b' }, 0)
  ours.delete(pair.partition)
  hints.dropLost()
  expect(hints.due(0)).toMatchObject([{ partition: 9 }])
  hints.add(pair, 0)
  expect(hints.due(0), 'what is settled there afterwards gives no hint').toHaveLength(1)
})

test('a pair that was claimed goes behind those that were not, and a new one behind all', () => {
  const hints = createHints()
  for (const addressKey of ['a', 'b']) hints.add({ ...pair, addressKey }, 0)
  hints.asked([
    { ...pair, addressKey: 'a' },
    { ...pair, addressKey: 'unknown' },
  ])
  hints.add({ ...pair, addressKey: 'c' }, 0)
  const inTurn = hints.due(0).sort((one, other) => one.turn - other.turn)
  expect(inTurn.map(({ addressKey }) => addressKey)).toEqual(['b', 'a', 'c'])
})

test('a pair that is held back is due at its new time, or when its address is woken', () => {
  const hints = createHints()
  const other = { ...pair, addressKey: 'b' }
  for (const one of [pair, other]) hints.add(one, 0)
  for (const one of [pair, other]) hints.postpone(one, 900)
  expect(hints.due(899)).toEqual([])
  hints.wake((addressKey) => addressKey === 'a', 10)
  expect(onlyDue(hints, 10)).toMatchObject({ ...pair, hasLater: true })
  expect(hints.due(900)).toHaveLength(2)
})

test('a claim that began before its address was woken does not have the pair wait', () => {
  const hints = createHints()
  hints.add(pair, 0)
  const before = onlyDue(hints, 0)
  hints.wake(() => true, 5)
  hints.exhausted(before, 900)
  expect(hints.due(5)).toHaveLength(1)
})
