import { expect, test } from 'vitest'
import { parseQuery } from './query.ts'

test('blank values count as absent, plus is a blank, names are case-sensitive', () => {
  const query = parseQuery('/x?orderBy=&search=%20&a=b+c%2B&flag=True&Limit=3')
  expect([
    query.text('orderBy'),
    query.text('search'),
    query.text('a'),
    query.flag('flag'),
    query.text('limit'),
  ]).toEqual([undefined, undefined, 'b c+', true, undefined])
})

test('a repeated parameter is rejected when it is read, blank or not', () => {
  const query = parseQuery('/x?a=&a=')
  expect(query.isRepeated('a')).toBe(true)
  expect(() => query.text('a')).toThrow(/^TAPIS_QUERY_PARAM_MULTIPLE .* parameter: a$/)
})

test('all parameters are there in their order, repeated and blank ones too', () => {
  expect(parseQuery('/x?b=1&a=%2B&&b=&c').entries()).toEqual([
    ['b', '1'],
    ['a', '+'],
    ['b', ''],
    ['c', ''],
  ])
  expect(parseQuery('/x').entries()).toEqual([])
})

test.each(['?a=%zz', '?%ff=1', '?a=%00'])('%s cannot be read', (target) => {
  expect(() => parseQuery(target)).toThrow(/^NTFAPI_BAD_REQUEST /)
})
