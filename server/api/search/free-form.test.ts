import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyText, tests as anyTest } from '@tidings/test/support/search-conditions.ts'
import { printFreeForm } from '@tidings/test/support/search-printers.ts'
import { parseQuery } from '../http/query.ts'
import { parseConditionText } from './condition-text.ts'
import { parseFreeForm } from './free-form.ts'

/** For thousands of cases, on a machine that has other work. */
const SLOW_MS = 60_000

const read = (query: string) => parseFreeForm(parseQuery(`/v3/notifications/subscriptions/search?${query}`).entries())
const violations = (query: string) => {
  const reading = read(query)
  return reading.kind === 'invalid' ? reading.violations : []
}

test('the three ways in which clients write a condition mean the same', () => {
  const expected = parseConditionText('(name.eq.x y)~(ttlMinutes.between.1,5)')
  expect(expected.kind).toBe('condition')
  expect(read('name.eq=x+y&ttlMinutes.between=1,5')).toEqual(expected)
  expect(read('freeFormParameterName%5Bname.eq%5D=x%20y&freeFormParameterName[ttlMinutes.between]=1%2C5')).toEqual(
    expected,
  )
  expect(read(`freeFormParameterName=${encodeURIComponent('{"name.eq":"x y","ttlMinutes.between":"1,5"}')}`)).toEqual(
    expected,
  )
})

test('repeated names are several conditions, in the order of the request', () => {
  expect(read('name.like=a*&owner.eq=jdoe&name.like=*b')).toEqual(
    parseConditionText('(name.like.a*)~(owner.eq.jdoe)~(name.like.*b)'),
  )
  expect(read('freeFormParameterName[name.like]=a*&freeFormParameterName={"name.like":"*b"}&name.neq=c')).toEqual(
    parseConditionText('(name.like.a*)~(name.like.*b)~(name.neq.c)'),
  )
})

test('reserved parameters are not conditions, in any letter case', () => {
  const reserved = [
    'pretty',
    'select',
    'search',
    'orderBy',
    'limit',
    'skip',
    'startAfter',
    'computeTotal',
    'listType',
    'ownedBy',
    'anyOwner',
    'tenant',
  ]
  for (const name of [...reserved, ...reserved.map((word) => word.toUpperCase())])
    expect([name, read(`${name}=x`)]).toEqual([name, { kind: 'condition', condition: undefined }])
  expect(read('limit=1&name.eq=x&OWNEDBY=me')).toEqual(parseConditionText('name.eq.x'))
})

test('numbers and truth values of the JSON are values; nothing else is', () => {
  expect(read('freeFormParameterName={"ttlMinutes.gt":5,"enabled.eq":true}')).toEqual(
    parseConditionText('(ttlMinutes.gt.5)~(enabled.eq.true)'),
  )
  for (const value of ['null', '[1]', '{}', '[[[[]]]]'])
    expect(violations(`freeFormParameterName={"ttlMinutes.gt":${value}}`)).toEqual([
      'SEARCH_COND_INVALID_VAL the value must be a string, a number, true or false: ttlMinutes.gt',
    ])
})

test.each([['x'], ['[]'], ['"name.eq"'], ['1'], ['null'], ['{"name.eq":"x"'], ['[', 8000], ['{"a":[', 8000]])(
  '%s is not an object of conditions',
  (piece, times = 1) => {
    const text = piece.repeat(times)
    expect(violations(`freeFormParameterName=${encodeURIComponent(text)}`)).toEqual([
      expect.stringMatching(/^SEARCH_LIST_ERROR freeFormParameterName is not a JSON object: /),
    ])
  },
)

test('an object without conditions has no condition', () => {
  for (const query of ['', 'freeFormParameterName=', 'freeFormParameterName=+', 'freeFormParameterName={}'])
    expect(read(query)).toEqual({ kind: 'condition', condition: undefined })
})

test('what is not a condition is rejected, and every violation is named', () => {
  expect(
    violations('foo=bar&name.eq=&port.lt=7&=x&freeFormParameterName[]=x&freeFormParameterName[name.eq=x&name.eq=a,b'),
  ).toEqual([
    'NTFLIB_DB_NO_COLUMN there is no attribute foo: foo.bar',
    'SEARCH_COND_INVALID_NOOPER there is no operator: foo.bar',
    'SEARCH_COND_INVALID_NOVAL there is no value: name.eq.',
    'NTFLIB_DB_NO_COLUMN there is no attribute port: port.lt.7',
    'SEARCH_COND_INVALID_NOATTR there is no attribute: .x',
    'SEARCH_COND_INVALID_NOOPER there is no operator: .x',
    'SEARCH_COND_INVALID_NOATTR there is no attribute: .x',
    'SEARCH_COND_INVALID_NOOPER there is no operator: .x',
    'SEARCH_COND_INVALID_ATTR freeFormParameterName[name is not the name of an attribute: freeFormParameterName[name.eq.x',
    'SEARCH_COND_INVALID_VAL the characters ~ , ( ) need a backslash in a value: name.eq.a,b',
  ])
  expect(violations('freeFormParameterName={"__proto__":"x","name.eq":"a\\u0000"}')).toEqual([
    'SEARCH_COND_INVALID_ATTR __proto__ is not the name of an attribute: __proto__.x',
    'SEARCH_COND_INVALID_NOOPER there is no operator: __proto__.x',
    'SEARCH_DB_INVALID_SEARCH_VALUE a value of name has a NUL character: name.eq.a?',
  ])
})

test('there are at most 100 conditions', () => {
  const query = (count: number) => Array<string>(count).fill('name.eq=x').join('&')
  expect([read(query(100)).kind, violations(query(101))]).toEqual([
    'condition',
    ['SEARCH_LIST_ERROR there are more than 100 conditions'],
  ])
})

test(
  'what is printed is read as it was, in all three ways',
  () => {
    const distinct = fc.uniqueArray(anyTest, {
      minLength: 1,
      maxLength: 4,
      selector: ({ attribute, operator }) => `${attribute.name}.${operator}`,
    })
    fc.assert(
      fc.property(distinct, fc.constantFrom('plain', 'brackets', 'json'), (tests, encoding) => {
        const query = printFreeForm(tests, encoding)
          .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
          .join('&')
        expect(read(query)).toEqual({
          kind: 'condition',
          condition: tests.length === 1 ? tests[0] : { kind: 'all', of: tests },
        })
      }),
      { numRuns: 2000 },
    )
  },
  SLOW_MS,
)

test(
  'no parameters make it throw',
  () => {
    const json = fc.json().map((text): [string, string] => ['freeFormParameterName', text])
    const text = fc.oneof(
      anyText,
      fc.constantFrom(
        'name.eq',
        'freeFormParameterName',
        'freeFormParameterName[name.in]',
        '{"name.eq":"x"}',
        'limit',
        'SEARCH',
      ),
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(json, fc.tuple(text, text))), (parameters) => {
        const reading = parseFreeForm(parameters)
        if (reading.kind === 'invalid') expect(reading.violations).not.toEqual([])
      }),
      { numRuns: 2000 },
    )
  },
  SLOW_MS,
)
