import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFairQueue } from './fair-queue.ts'

interface Item {
  readonly tenant: string
  readonly cost: number
  readonly number: number
}

function open() {
  const queue = createFairQueue<Item>({ tenantOf: ({ tenant }) => tenant, costOf: ({ cost }) => cost })
  let number = 0
  const item = (tenant: string, cost = 1): Item => ({ tenant, cost, number: number++ })
  const add = (tenant: string, count = 1, cost = 1) => {
    const items = Array.from({ length: count }, () => item(tenant, cost))
    for (const one of items) queue.add(one)
    return items
  }
  const taken = (count: number, admits?: (one: Item) => boolean) =>
    Array.from({ length: count }, () => queue.next(admits)).flatMap((one) => one ?? [])
  const tenants = (items: readonly Item[]) => items.map(({ tenant }) => tenant).join('')
  return { queue, item, add, taken, tenants }
}

test('items of a tenant go in the order in which they came', () => {
  const { queue, add, taken } = open()
  const items = add('a', 5000)
  expect(taken(5000)).toEqual(items)
  expect([queue.size, queue.next()]).toEqual([0, undefined])
})

test('a tenant with many items lets every other one have each second turn', () => {
  const { add, taken, tenants } = open()
  add('a', 1000)
  expect(tenants(taken(3))).toBe('aaa')
  add('b', 3)
  expect(tenants(taken(8))).toBe('bababaaa')
})

test('bytes count: a tenant with large items gets no larger share', () => {
  const { add, taken, tenants } = open()
  add('L', 10, 100)
  add('s', 1000, 1)
  const first = taken(404)
  expect(first.filter(({ tenant }) => tenant === 'L')).toHaveLength(4)
  expect(tenants(first).slice(0, 101)).toBe(`L${'s'.repeat(100)}`)
})

test('a tenant that comes anew is next, and has saved nothing up', () => {
  const { add, taken, tenants } = open()
  add('a', 100)
  taken(50)
  add('b', 50)
  expect(tenants(taken(4))).toBe('baba')
})

test('a tenant that sends one large item at a time gets no larger share either', () => {
  const { add, taken } = open()
  add('s', 300)
  add('L', 1, 50)
  let large = 0
  for (let turn = 0; turn < 200; turn += 1) {
    if (taken(1)[0]?.tenant !== 'L') continue
    large += 1
    add('L', 1, 50) // it is back at once
  }
  expect(large).toBe(4)
})

test('what is refused keeps its turn, and the others go on', () => {
  const { add, taken, tenants } = open()
  add('a', 2)
  add('b', 3)
  add('c', 1)
  expect(tenants(taken(10, ({ tenant }) => tenant !== 'a'))).toBe('bcbb')
  expect(tenants(taken(10, () => false))).toBe('')
  expect(tenants(taken(10))).toBe('aa')
})

test('what is put back goes before the others of its tenant, in its order, and has cost nothing', () => {
  const { queue, add, taken } = open()
  const [a, b] = [add('a', 4), add('b', 4)]
  const batch = taken(4)
  const [c] = add('c', 1)
  queue.putBack(batch)
  expect(queue.size).toBe(9)
  const rest = taken(9)
  expect(rest.filter(({ tenant }) => tenant === 'a')).toEqual(a)
  expect(rest.filter(({ tenant }) => tenant === 'b')).toEqual(b)
  expect(rest.findIndex((item) => item === c)).toBeLessThanOrEqual(5)
})

test('what is removed is gone, and the rest keeps its order', () => {
  const { queue, add, taken } = open()
  const items = add('a', 6)
  add('b', 1)
  taken(1)
  expect(queue.remove(({ number, tenant }) => number % 2 === 1 || tenant === 'b')).toHaveLength(4)
  expect(taken(9)).toEqual([items[2], items[4]])
  expect(queue.size).toBe(0)
})

const command = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    tenant: fc.constantFrom('a', 'b', 'c'),
    cost: fc.integer({ min: 1, max: 50 }),
  }),
  fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 4 }), isPutBack: fc.boolean() }),
  fc.record({ kind: fc.constant('remove' as const), modulus: fc.integer({ min: 2, max: 5 }) }),
)

test('whatever happens, nothing is lost, nothing comes twice, and each tenant keeps its order', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 80 }), (commands) => {
      const { queue, add, taken } = open()
      const model = new Map<string, Item[]>()
      const own = (tenant: string) => model.get(tenant) ?? []
      for (const one of commands) {
        if (one.kind === 'add') model.set(one.tenant, [...own(one.tenant), ...add(one.tenant, 1, one.cost)])
        else if (one.kind === 'remove') {
          const isUnwanted = ({ number }: Item) => number % one.modulus === 0
          queue.remove(isUnwanted)
          for (const tenant of model.keys())
            model.set(
              tenant,
              own(tenant).filter((item) => !isUnwanted(item)),
            )
        } else {
          const batch = taken(one.count)
          for (const item of batch)
            if (!one.isPutBack) {
              expect(own(item.tenant)[0]).toBe(item)
              model.set(item.tenant, own(item.tenant).slice(1))
            }
          if (one.isPutBack) queue.putBack(batch)
        }
        expect(queue.size).toBe([...model.values()].flat().length)
      }
      const rest = taken(queue.size)
      for (const tenant of model.keys()) expect(rest.filter((item) => item.tenant === tenant)).toEqual(own(tenant))
    }),
    { numRuns: 300 },
  )
})
