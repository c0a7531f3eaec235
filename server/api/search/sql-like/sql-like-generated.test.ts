import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyText, conditions } from '@tidings/test/support/search-conditions.ts'
import { printSqlLike, type SqlStyle } from '@tidings/test/support/search-printers.ts'
import { parseSqlLike } from './sql-like-condition.ts'

/** For thousands of cases, on a machine that has other work. */
const SLOW_MS = 60_000

const styles: fc.Arbitrary<SqlStyle> = fc.record({
  gap: fc.constantFrom(' ', '\n', '/* or */', ' -- and\n', '\t\r\f '),
  isUpperCase: fc.boolean(),
  isSpelledOut: fc.boolean(),
  isBare: fc.boolean(),
})

test(
  'what is printed is read as it was',
  () => {
    fc.assert(
      fc.property(conditions, styles, (condition, style) => {
        expect(parseSqlLike([printSqlLike(condition, style)])).toEqual({ kind: 'condition', condition })
      }),
      { numRuns: 3000 },
    )
  },
  SLOW_MS,
)

test(
  'no text makes it throw, however it was mutated',
  () => {
    const words = [
      "'",
      "''",
      '(',
      ')',
      ',',
      '=',
      '<>',
      '<',
      '>=',
      '+',
      '-',
      '*',
      '/',
      '%',
      '--',
      '/*',
      '*/',
      '\n',
      ' ',
      'and ',
      'or ',
      'not ',
      'is ',
      'null ',
      'in ',
      'like ',
      'between ',
      'name ',
      'enabled ',
      "'x' ",
      '0x1',
      '5.',
      '1e',
      'true ',
      '\ud800',
      '\0',
      '\\',
    ]
    const spoilt = fc
      .tuple(conditions, styles, fc.nat(), fc.constantFrom('', ...words))
      .map(([condition, style, at, piece]) => {
        const text = printSqlLike(condition, style)
        const place = at % (text.length + 1)
        return text.slice(0, place) + piece + text.slice(place + 1)
      })
    const sequence = fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(fc.oneof(anyText, sequence, spoilt), (text) => {
        const reading = parseSqlLike([text])
        if (reading.kind === 'invalid') expect(reading.violations).not.toEqual([])
      }),
      { numRuns: 6000 },
    )
  },
  SLOW_MS,
)

test.each([
  '(',
  ')',
  "'",
  "''",
  "'x' ",
  '--',
  '--\n',
  '/*',
  '/**/',
  '*/',
  '/**',
  'not ',
  '- ',
  '+ ',
  '9',
  '0x',
  'f',
  '1.',
  '1e',
  '.',
  'a',
  '$',
  '%',
  ',',
  'a=',
  'name = ',
  "name = 'x' and ",
  "name = 'x' = ",
  'a+',
  '1*',
  'not(',
  "'x',",
  'name is null ',
  '\\',
  ' ',
  '\n',
  "name in ('x') or ",
])(
  'a mebibyte of %j takes hardly any time',
  (piece) => {
    const started = process.cpuUsage()
    for (const start of ['', 'name = ', 'name = 0x', "name in ('a',", 'name = 1'])
      parseSqlLike([start + piece.repeat(1_048_576 / piece.length)])
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 1000).toBeLessThan(5000)
  },
  SLOW_MS,
)
