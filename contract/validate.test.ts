import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { createValidator } from './validate.ts'

const Search = Type.Object({ search: Type.Array(Type.String()) }, { additionalProperties: false })
const check = createValidator(Search)

const members = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]))
const faultsOf = (value: unknown) => {
  const checked = check(value)
  return checked.kind === 'invalid' ? checked.violations : []
}

test('every unknown member is named once, by its JSON pointer', () => {
  expect(faultsOf({ search: [], 'a/b': 1, c: 2 })).toEqual([
    '/a~1b is not a member of this request',
    '/c is not a member of this request',
  ])
})

test.each([99, 100, 101, 4000])('%d unknown members are at least one violation and at most 100', (count) => {
  expect(faultsOf({ search: ['a'], ...members(count) })).toHaveLength(Math.min(count, 100))
})

test('a value with too many members to explain is still invalid', () => {
  const numbers = Array.from({ length: 500_000 }, (_, index) => index)
  expect(faultsOf({ search: numbers })).toEqual([expect.stringContaining('more than 5000 values')])
})

test('as many values as that are valid', () => {
  expect(check({ search: Array.from({ length: 50_000 }, String) }).kind).toBe('valid')
})
