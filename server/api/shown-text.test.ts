import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shown } from './shown-text.ts'

test('a long text is cut between characters', () => {
  expect(shown('😀'.repeat(201))).toBe(`${'😀'.repeat(200)}...`)
  expect(shown('😀'.repeat(200))).toBe('😀'.repeat(200))
})

test('whatever the text is, what is shown is short, well-formed and one line', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 2000 }), fc.constant('\ud800\u0000\u2028')), (text) => {
    expect(shown(text).length).toBeLessThan(410)
    expect(shown(text)).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029]/u)
  }))
})
