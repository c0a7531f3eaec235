import { expect, test } from 'vitest'
import { createTurns, type Turns } from './turns.ts'

const all = () => true

/** All that may go, in the order of their turns. */
function drained(turns: Turns<string>, admits: (path: readonly string[]) => boolean = all): string[] {
  const items: string[] = []
  for (let item = turns.next(admits); item !== undefined; item = turns.next(admits)) items.push(item)
  return items
}

test('items with the same path go in the order in which they came', () => {
  const turns = createTurns<string>()
  for (const item of ['a', 'b', 'c']) turns.add(['tenant', 'origin'], item)
  expect(drained(turns)).toEqual(['a', 'b', 'c'])
  expect(turns.size).toBe(0)
})

test('a tenant with many items lets every other tenant have each second turn', () => {
  const turns = createTurns<string>()
  for (let number = 0; number < 1000; number += 1) turns.add(['large', `origin ${number % 50}`], `large ${number}`)
  for (let number = 0; number < 3; number += 1) turns.add(['small', 'origin'], `small ${number}`)
  const first = Array.from({ length: 6 }, () => turns.next(all))
  expect(first.filter((item) => item?.startsWith('small'))).toEqual(['small 0', 'small 1', 'small 2'])
  expect(turns.size).toBe(997)
})

test('each level takes its turns: tenants, then origins of a tenant, then addresses of an origin', () => {
  const turns = createTurns<string>()
  turns.add(['t', 'busy', 'x'], 'x1')
  turns.add(['t', 'busy', 'x'], 'x2')
  turns.add(['t', 'busy', 'y'], 'y1')
  turns.add(['t', 'idle', 'z'], 'z1')
  turns.add(['u', 'idle', 'z'], 'u1')
  expect(drained(turns)).toEqual(['x1', 'u1', 'z1', 'y1', 'x2'])
})

test('what is refused is left out, keeps its place among its own, and goes when it is admitted', () => {
  const turns = createTurns<string>()
  for (const item of ['b1', 'b2']) turns.add(['t', 'blocked'], item)
  for (const item of ['f1', 'f2']) turns.add(['t', 'free'], item)
  expect(drained(turns, (path) => path.at(-1) !== 'blocked')).toEqual(['f1', 'f2'])
  expect(turns.size).toBe(2)
  expect(turns.next(() => false)).toBeUndefined()
  expect(drained(turns)).toEqual(['b1', 'b2'])
})

test('a tenant all of whose addresses are blocked takes no turn from the others', () => {
  const turns = createTurns<string>()
  for (let number = 0; number < 10; number += 1) turns.add(['blocked', `address ${number}`], `b${number}`)
  for (const item of ['f1', 'f2']) turns.add(['free', 'address'], item)
  const isFree = ([tenant]: readonly string[]) => tenant === 'free'
  expect([turns.next(isFree), turns.next(isFree), turns.next(isFree)]).toEqual(['f1', 'f2', undefined])
  expect(turns.size).toBe(10)
})

test('a newcomer comes behind those that wait, and its turn does not depend on how often others came', () => {
  const turns = createTurns<string>()
  turns.add(['a'], 'a1')
  turns.add(['a'], 'a2')
  expect(turns.next(all)).toBe('a1')
  turns.add(['b'], 'b1')
  turns.add(['a'], 'a3')
  expect(drained(turns)).toEqual(['a2', 'b1', 'a3'])
})

test('without items there is none, whoever is admitted', () => {
  const turns = createTurns<string>()
  expect(turns.next(all)).toBeUndefined()
  turns.add(['a'], 'a1')
  turns.next(all)
  expect(turns.next(all)).toBeUndefined()
  expect(turns.size).toBe(0)
})
