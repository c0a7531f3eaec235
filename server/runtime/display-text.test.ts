import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sanitize } from './display-text.ts'

const BIDI = Array.from('\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069')

test('a long text is cut between characters', () => {
  expect(sanitize('😀'.repeat(201))).toBe(`${'😀'.repeat(200)}...`)
  expect(sanitize('😀'.repeat(200))).toBe('😀'.repeat(200))
})

test('whatever the text is, what is displayed is short, well-formed and on one line', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 2000 }),
        fc.constant('\ud800\u0000\u2028'),
        fc.string({ unit: fc.constantFrom(...BIDI, 'a') }),
      ),
      (text) => {
        expect(sanitize(text).length).toBeLessThan(410)
        expect(sanitize(text)).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u)
      },
    ),
  )
})

test('marks that change the direction are replaced; text that runs from right to left is kept', () => {
  expect(sanitize(BIDI.join(''))).toBe('?'.repeat(BIDI.length))
  expect(sanitize('\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 a\u200db')).toBe(
    '\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 a\u200db',
  )
})
