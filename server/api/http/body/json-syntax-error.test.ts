import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonSyntaxError } from './json-syntax-error.ts'

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test('there is an error exactly where a parser finds one', () => {
  const broken = fc
    .tuple(
      fc.json(),
      fc.nat(),
      fc.string({
        unit: fc.constantFrom(
          '"',
          '\\',
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          'e',
          '0',
          '-',
          ' ',
          '\t',
          '\u0001',
          'u',
          'x',
          '\u00a0',
        ),
        maxLength: 3,
      }),
      fc.nat(2),
    )
    .map(([text, place, put, cut]) => {
      const at = place % (text.length + 1)
      return text.slice(0, at) + put + text.slice(at + cut)
    })
  fc.assert(
    fc.property(fc.oneof(broken, fc.json(), fc.string()), (text) => {
      expect(jsonSyntaxError(text) === undefined, text).toBe(isJson(text))
    }),
    { numRuns: 5000 },
  )
})

test.each([
  ['{"a":1,}', 'a name in double quotes expected at position 7 (line 1, column 8)'],
  ['{\n  "a": secret\n}', 'a value expected at position 9 (line 2, column 8)'],
  ['{"a" "b"}', ': expected at position 5 (line 1, column 6)'],
  ['{"a":1 "b":2}', ', or } expected at position 7 (line 1, column 8)'],
  ["{'a':1}", 'a name in double quotes expected at position 1 (line 1, column 2)'],
  ['{"a":"secret', 'it ends before it is complete, after 12 characters'],
  ['{"a":"se\ncret"}', 'an escape instead of a control character expected at position 8 (line 1, column 9)'],
  ['{"a":"\\secret"}', 'a valid escape expected at position 6 (line 1, column 7)'],
  ['{} {}', 'end of text expected at position 3 (line 1, column 4)'],
  ['[01]', ', or ] expected at position 2 (line 1, column 3)'],
  ['', 'it ends before it is complete, after 0 characters'],
])('%j: %s', (text, words) => {
  expect(jsonSyntaxError(text)).toBe(words)
})

test('a megabyte of blanks, digits or lines before the error takes a few ms', () => {
  for (const text of [' ', '9', '\n', '"\\n",'].map((part) => `[${part.repeat(1_000_000 / part.length)}x`))
    expect(jsonSyntaxError(text)).toContain('expected at')
})
