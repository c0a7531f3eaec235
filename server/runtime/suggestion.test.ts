import { expect, test } from 'vitest'
import { suggestion, withSuggestion } from './suggestion.ts'

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

test('a word of more than 100 letters resembles nothing', () => {
  expect(suggestion('x'.repeat(100), ['x'.repeat(101)])).toBe('x'.repeat(101))
  expect(suggestion('x'.repeat(101), ['x'.repeat(101)])).toBeUndefined()
})

test('a complaint asks for what was meant only when that can be told', () => {
  expect(withSuggestion('limt is unknown', 'limt', NAMES)).toBe('limt is unknown; did you mean limit?')
  expect(withSuggestion('PATH is unknown', 'PATH', NAMES)).toBe('PATH is unknown')
})
