import { expect, test } from 'vitest'
import { attributeOf } from './attributes.ts'
import { compile } from './compile-condition.ts'
import type { Condition, Value } from './condition.ts'
import type { Operator } from './operators.ts'

const HOSTILE = "x'; drop table subscription; --"

function is(name: string, operator: Operator, ...values: readonly Value[]): Condition {
  const attribute = attributeOf(name)
  if (!attribute) throw new Error(`there is no attribute ${name}`)
  return { kind: 'comparison', attribute, operator, values }
}

/** Text and parameters. */
const compiled = (condition: Condition) => {
  const { text, values } = compile(condition)
  return [text, ...values]
}

test.each([
  [is('name', 'eq', HOSTILE), 'subscription.name = $1', HOSTILE],
  [is('name', 'neq', 'x'), 'subscription.name <> $1', 'x'],
  [is('ttlMinutes', 'lt', 7), 'subscription.ttl_minutes < $1::integer', 7],
  [is('ttlMinutes', 'lte', 7), 'subscription.ttl_minutes <= $1::integer', 7],
  [
    is('created', 'gt', '2026-01-01T00:00:00.000000Z'),
    'subscription.created > $1::timestamptz',
    '2026-01-01T00:00:00.000000Z',
  ],
  [
    is('created', 'gte', '2026-01-01T00:00:00.000000Z'),
    'subscription.created >= $1::timestamptz',
    '2026-01-01T00:00:00.000000Z',
  ],
  [is('enabled', 'eq', true), 'subscription.enabled = $1::boolean', true],
  [is('owner', 'between', 'a', 'b'), 'subscription.owner between $1 and $2', 'a', 'b'],
  [is('owner', 'nbetween', 'a', 'b'), 'subscription.owner not between $1 and $2', 'a', 'b'],
  [is('typeFilter1', 'like', 'a\\_%'), String.raw`subscription.type1 like $1 escape '\'`, 'a\\_%'],
  [is('description', 'nlike', '%'), String.raw`subscription.description not like $1 escape '\'`, '%'],
])('a test %# is one comparison with its values as parameters', (condition, ...expected) => {
  expect(compiled(condition)).toEqual(expected)
})

test('a list is one parameter, however long it is', () => {
  const uuids = Array.from(
    { length: 10_000 },
    (_, index) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  )
  expect(compiled(is('uuid', 'in', ...uuids))).toEqual(['subscription.uuid = any ($1::uuid[])', uuids])
  expect(compiled(is('subjectFilter', 'nin', 'a', HOSTILE))).toEqual([
    'subscription.subject_filter <> all ($1::text[])',
    ['a', HOSTILE],
  ])
})

test('groups keep their shape', () => {
  const a = is('owner', 'eq', 'a')
  const b = is('owner', 'eq', 'b')
  expect(compiled({ kind: 'all', of: [a, { kind: 'any', of: [b, { kind: 'all', of: [a] }] }] })).toEqual([
    '(subscription.owner = $1 and (subscription.owner = $2 or (subscription.owner = $3)))',
    'a',
    'b',
    'a',
  ])
})

test('with no operands, all is true and any is false', () => {
  expect([compiled({ kind: 'all', of: [] }), compiled({ kind: 'any', of: [] })]).toEqual([['true'], ['false']])
})

test('a test without its values is a bug, not a condition', () => {
  expect(() => compile(is('name', 'eq'))).toThrow('fewer values')
  expect(() => compile(is('name', 'between', 'a'))).toThrow('fewer values')
})
