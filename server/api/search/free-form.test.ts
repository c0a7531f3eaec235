import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyText, tests as anyTest } from '../../../test/support/search-conditions.ts'
import { printFreeForm } from '../../../test/support/search-printers.ts'
import { parseQuery } from '../query.ts'
import { readConditionText } from './condition-text.ts'
import { readFreeForm } from './free-form.ts'

/** For thousands of cases, on a machine that has other work. */
const SLOW_MS = 60_000

const read = (query: string) => readFreeForm(parseQuery(`/v3/notifications/subscriptions/search?${query}`).entries())
const faults = (query: string) => {
  const reading = read(query)
  return reading.kind === 'faults' ? reading.faults : []
}

test('the three ways in which clients write a condition mean the same', () => {
  const expected = readConditionText('(name.eq.x y)~(ttlMinutes.between.1,5)')
  expect(expected.kind).toBe('condition')
  expect(read('name.eq=x+y&ttlMinutes.between=1,5')).toEqual(expected)
  expect(read('freeFormParameterName%5Bname.eq%5D=x%20y&freeFormParameterName[ttlMinutes.between]=1%2C5')).toEqual(expected)
  expect(read(`freeFormParameterName=${encodeURIComponent('{"name.eq":"x y","ttlMinutes.between":"1,5"}')}`)).toEqual(expected)
})

test('repeated names are several conditions, in the order of the request', () => {
  expect(read('name.like=a*&owner.eq=jdoe&name.like=*b')).toEqual(readConditionText('(name.like.a*)~(owner.eq.jdoe)~(name.like.*b)'))
  expect(read('freeFormParameterName[name.like]=a*&freeFormParameterName={"name.like":"*b"}&name.neq=c')).toEqual(readConditionText('(name.like.a*)~(name.like.*b)~(name.neq.c)'))
})

test('reserved parameters are no conditions, in any case', () => {
  const reserved = ['pretty', 'select', 'search', 'orderBy', 'limit', 'skip', 'startAfter', 'computeTotal', 'listType', 'ownedBy', 'anyOwner', 'tenant']
  for (const name of [...reserved, ...reserved.map((word) => word.toUpperCase())]) expect([name, read(`${name}=x`)]).toEqual([name, { kind: 'condition', condition: undefined }])
  expect(read('limit=1&name.eq=x&OWNEDBY=me')).toEqual(readConditionText('name.eq.x'))
})

test('numbers and truth values of the JSON are values; nothing else is', () => {
  expect(read('freeFormParameterName={"ttlMinutes.gt":5,"enabled.eq":true}')).toEqual(readConditionText('(ttlMinutes.gt.5)~(enabled.eq.true)'))
  for (const value of ['null', '[1]', '{}', '[[[[]]]]']) expect(faults(`freeFormParameterName={"ttlMinutes.gt":${value}}`)).toEqual(['SEARCH_COND_INVALID_VAL the value must be a text, a number, true or false: ttlMinutes.gt'])
})

test.each([['x'], ['[]'], ['"name.eq"'], ['1'], ['null'], ['{"name.eq":"x"'], ['[', 8000], ['{"a":[', 8000]])('%s is no object of conditions', (piece, times = 1) => {
  const text = piece.repeat(times)
  expect(faults(`freeFormParameterName=${encodeURIComponent(text)}`)).toEqual([expect.stringMatching(/^SEARCH_LIST_ERROR freeFormParameterName is no JSON object: /)])
})

test('an object without conditions asks for nothing', () => {
  for (const query of ['', 'freeFormParameterName=', 'freeFormParameterName=+', 'freeFormParameterName={}']) expect(read(query)).toEqual({ kind: 'condition', condition: undefined })
})

test('what is no condition is refused, and every fault is named', () => {
  expect(faults('foo=bar&name.eq=&port.lt=7&=x&freeFormParameterName[]=x&freeFormParameterName[name.eq=x&name.eq=a,b')).toEqual([
    'NTFLIB_DB_NO_COLUMN there is no attribute foo: foo.bar',
    'SEARCH_COND_INVALID_NOOPER there is no operator: foo.bar',
    'SEARCH_COND_INVALID_NOVAL there is no value: name.eq.',
    'NTFLIB_DB_NO_COLUMN there is no attribute port: port.lt.7',
    'SEARCH_COND_INVALID_NOATTR there is no attribute: .x',
    'SEARCH_COND_INVALID_NOOPER there is no operator: .x',
    'SEARCH_COND_INVALID_NOATTR there is no attribute: .x',
    'SEARCH_COND_INVALID_NOOPER there is no operator: .x',
    'SEARCH_COND_INVALID_ATTR freeFormParameterName[name is no name of an attribute: freeFormParameterName[name.eq.x',
    'SEARCH_COND_INVALID_VAL the characters ~ , ( ) need a backslash in a value: name.eq.a,b',
  ])
  expect(faults('freeFormParameterName={"__proto__":"x","name.eq":"a\\u0000"}')).toEqual([
    'SEARCH_COND_INVALID_ATTR __proto__ is no name of an attribute: __proto__.x',
    'SEARCH_COND_INVALID_NOOPER there is no operator: __proto__.x',
    'SEARCH_DB_INVALID_SEARCH_VALUE a value of name has a NUL character: name.eq.a?',
  ])
})

test('there are at most 100 conditions', () => {
  const query = (count: number) => Array<string>(count).fill('name.eq=x').join('&')
  expect([read(query(100)).kind, faults(query(101))]).toEqual(['condition', ['SEARCH_LIST_ERROR there are more than 100 conditions']])
})

test('what is printed is read as it was, in all three ways', () => {
  const distinct = fc.uniqueArray(anyTest, { minLength: 1, maxLength: 4, selector: ({ attribute, operator }) => `${attribute.name}.${operator}` })
  fc.assert(fc.property(distinct, fc.constantFrom('plain', 'brackets', 'json'), (tests, encoding) => {
    const query = printFreeForm(tests, encoding).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
    expect(read(query)).toEqual({ kind: 'condition', condition: tests.length === 1 ? tests[0] : { kind: 'all', of: tests } })
  }), { numRuns: 2000 })
}, SLOW_MS)

test('no parameters make it throw', () => {
  const json = fc.json().map((text): [string, string] => ['freeFormParameterName', text])
  const text = fc.oneof(anyText, fc.constantFrom('name.eq', 'freeFormParameterName', 'freeFormParameterName[name.in]', '{"name.eq":"x"}', 'limit', 'SEARCH'))
  fc.assert(fc.property(fc.array(fc.oneof(json, fc.tuple(text, text))), (parameters) => {
    const reading = readFreeForm(parameters)
    if (reading.kind === 'faults') expect(reading.faults).not.toEqual([])
  }), { numRuns: 2000 })
}, SLOW_MS)
