import { expect, test } from 'vitest'
import { suggestion } from './suggestion.ts'

const NAMES = ['DATABASE_URL', 'TIDINGS_ROLE', 'limit', 'data']

test.each([
  ['DATABSE_URL', 'DATABASE_URL'],
  ['tidings_rol', 'TIDINGS_ROLE'],
  ['limt', 'limit'],
  ['dta', 'data'],
  ['daat', 'data'],
  ['limti', 'limit'],
  ['ilmit', 'limit'],
])('%s was probably meant as %s', (word, meant) => {
  expect(suggestion(word, NAMES)).toBe(meant)
})

test('a word that is far from all has no suggestion', () => {
  expect(suggestion('PATH', NAMES)).toBeUndefined()
  expect(suggestion('', NAMES)).toBeUndefined()
  expect(suggestion('mlti', NAMES)).toBeUndefined()
})
