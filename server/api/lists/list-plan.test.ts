import { expect, test } from 'vitest'
import type { Condition } from '../search/condition.ts'
import { parseConditionText } from '../search/condition-text.ts'
import { compile } from '../search/compile-condition.ts'
import { parseOrderBy, parseStartAfter } from '../search/order-by.ts'
import { planOf } from './list-plan.ts'

/** What an index answers in order, and the rest, as SQL; `none` when no index has the order. */
function plan({
  owner,
  search = '',
  orderBy,
  startAfter,
}: {
  owner?: string
  search?: string
  orderBy?: string
  startAfter?: string
}): string {
  const reading = parseConditionText(search)
  const ordering = parseOrderBy(orderBy)
  if (reading.kind === 'invalid' || ordering.kind === 'invalid') throw new Error('the test is wrong')
  const start = startAfter === undefined ? undefined : parseStartAfter(ordering.order, startAfter)
  if (start?.kind === 'invalid') throw new Error('the test is wrong')
  const { inOrder, rest } = planOf({
    tenant: 'dev',
    owner,
    condition: reading.condition,
    order: ordering.order,
    after: start?.after,
  })
  return `${inOrder === undefined ? 'none' : words(inOrder)} | ${words(rest)}`
}

const words = (conditions: readonly Condition[]) =>
  conditions
    .map((condition) => {
      const { text, values } = compile(condition)
      return values
        .reduce<string>((whole, value, index) => whole.replace(`$${index + 1}`, String(value)), text)
        .replaceAll(/subscription\.|::\w+/g, '')
    })
    .join(', ')

test.each([
  ['all of a tenant', {}, ' | '],
  ['one owner', { owner: 'jdoe' }, 'owner = jdoe | '],
  ['one value', { search: '(subject_filter.eq.j)' }, 'subject_filter = j | '],
  ['one value of an owner', { owner: 'jdoe', search: '(typeFilter.eq.a.b.c)' }, 'owner = jdoe | type_filter = a.b.c'],
  ['a pattern', { search: '(name.like.a*)' }, " | name like a% escape '\\'"],
  [
    'a value and a pattern',
    { search: '(name.like.a*)~(typeFilter.eq.a.b.c)' },
    "type_filter = a.b.c | name like a% escape '\\'",
  ],
  ['by name', { orderBy: 'name(desc)' }, ' | '],
  ['of an owner by name', { owner: 'jdoe', orderBy: 'name', startAfter: 'k' }, 'owner = jdoe, name > k | '],
  ['of an owner by owner and name', { owner: 'jdoe', orderBy: 'owner,name' }, 'owner = jdoe | '],
  ['of a type by name', { search: '(typeFilter.eq.a.b.c)', orderBy: 'name' }, ' | type_filter = a.b.c'],
  ['of a type by type', { search: '(typeFilter.eq.a.b.c)', orderBy: 'typeFilter' }, 'type_filter = a.b.c | '],
  [
    'of an owner by owner, from there on',
    { owner: 'jdoe', orderBy: 'owner', startAfter: 'j' },
    'owner = jdoe | owner > j',
  ],
  ['by tenant', { orderBy: 'tenant(desc),subject_filter' }, ' | '],
  [
    'by an attribute without an index',
    { owner: 'jdoe', orderBy: 'updated', startAfter: '2026' },
    'none | owner = jdoe, updated > 2026-01-01T00:00:00.000000Z',
  ],
  [
    'one by uuid',
    { search: '(uuid.eq.f8c3de3d-1fea-4d7c-a8b0-29f63c4c3454)' },
    ' | uuid = f8c3de3d-1fea-4d7c-a8b0-29f63c4c3454',
  ],
])('%s', (_name, given, expected) => {
  expect(plan(given)).toBe(expected)
})
