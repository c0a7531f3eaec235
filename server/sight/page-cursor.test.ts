import { expect, test } from 'vitest'
import { cursorParts, cursorText } from './page-cursor.ts'

const TYPES = ['string', 'number'] as const

test('a cursor is read as it was written', () => {
  expect(cursorParts(cursorText(['cold', 7]), TYPES)).toEqual(['cold', 7])
})

test.each([
  ['no JSON', 'abc'],
  ['nothing', ''],
  ['no list', Buffer.from('{}').toString('base64url')],
  ['too few parts', cursorText(['cold'])],
  ['another type', cursorText([7, 'cold'])],
  ['no whole number', cursorText(['cold', 1.5])],
  ['a number that is too large', cursorText(['cold', 2 ** 60])],
  ['a long text', cursorText(['x'.repeat(65), 1])],
])('%s is no cursor', (_name, text) => {
  expect(cursorParts(text, TYPES)).toBeUndefined()
})
