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
])('%s was probably meant to be %s', (word, meant) => {
  expect(suggestion(word, NAMES)).toBe(meant)
})

test('a word that resembles nothing gets no suggestion', () => {
  expect(suggestion('PATH', NAMES)).toBeUndefined()
  expect(suggestion('', NAMES)).toBeUndefined()
  expect(suggestion('mlti', NAMES)).toBeUndefined()
})

test('a word of more than 100 letters resembles nothing', () => {
  expect(suggestion('x'.repeat(100), ['x'.repeat(101)])).toBe('x'.repeat(101))
  expect(suggestion('x'.repeat(101), ['x'.repeat(101)])).toBeUndefined()
})

test('a complaint suggests what was meant only when it is known', () => {
  expect(withSuggestion('limt is unknown', 'limt', NAMES)).toBe('limt is unknown; did you mean limit?')
  expect(withSuggestion('PATH is unknown', 'PATH', NAMES)).toBe('PATH is unknown')
})
