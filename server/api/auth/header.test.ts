import { expect, test } from 'vitest'
import { firstValue } from './header.ts'

test.each([
  ['absent', {}, undefined],
  ['empty', { 'x-tapis-user': '' }, undefined],
  ['blank', { 'x-tapis-user': ' \t' }, undefined],
  ['plain', { 'x-tapis-user': 'jdoe' }, 'jdoe'],
  ['repeated, joined by Node', { 'x-tapis-user': 'jdoe, root' }, 'jdoe'],
  ['repeated with a blank first', { 'x-tapis-user': ', root' }, undefined],
  ['repeated, distinct', { 'x-tapis-user': ['jdoe', 'root'] }, 'jdoe'],
  ['distinct with a comma inside', { 'x-tapis-user': ['Doe, J'] }, 'Doe, J'],
])('the first value of a header that is %s', (_, headers, expected) => {
  expect(firstValue(headers, 'x-tapis-user')).toBe(expected)
})
