import { expect, test } from 'vitest'
import { attributeOf } from './attributes.ts'
import { OPERATORS, type Operator } from './operators.ts'
import { findAttribute, typedComparison, type ComparisonResult } from './typed-comparison.ts'

function typed(name: string, operator: Operator, ...texts: readonly string[]): ComparisonResult {
  const found = findAttribute(name)
  return found.kind === 'invalid' ? found : typedComparison(found.attribute, operator, texts)
}
const values = (...given: Parameters<typeof typed>) => {
  const result = typed(...given)
  return result.kind === 'comparison'
    ? result.comparison.values
    : result.violations.map((violation) => violation.split(' ', 1)[0])
}

test('an attribute has both spellings, in any case', () => {
  for (const name of ['typeFilter1', 'type_filter1', 'TYPE_FILTER1', 'typefilter1'])
    expect(attributeOf(name)?.name).toBe('typeFilter1')
  for (const name of ['ttlMinutes', 'ttl_minutes', 'ttlminutes']) expect(attributeOf(name)?.name).toBe('ttlMinutes')
  for (const name of ['seq_id', 'deliveryTargets', '', '__proto__', 'constructor', 'id'])
    expect(attributeOf(name)).toBeUndefined()
})

test('values get the type of their attribute', () => {
  expect(values('ttlMinutes', 'in', '1', '-2147483648', '+5', '007')).toEqual([1, -2_147_483_648, 5, 7])
  expect([values('enabled', 'eq', 'TRUE'), values('enabled', 'neq', 'False')]).toEqual([[true], [false]])
  expect(values('uuid', 'eq', 'F8C3DE3D-1FEA-4D7C-A8B0-29F63C4C3454')).toEqual(['f8c3de3d-1fea-4d7c-a8b0-29f63c4c3454'])
  expect(values('created', 'gt', '2026-11-23T10:00+01:00')).toEqual(['2026-11-23T09:00:00.000000Z'])
  expect(values('name', 'between', '', '\ud83d\ude00')).toEqual(['', '😀'])
})

test.each([
  ['ttlMinutes', ['2147483648', '-2147483649', '1.0', '1e3', '0x10', '', ' 5', '５', 'NaN']],
  ['enabled', ['1', 'yes', 't', '', ' true']],
  [
    'uuid',
    [
      '',
      'f8c3de3d1fea4d7ca8b029f63c4c3454',
      '{f8c3de3d-1fea-4d7c-a8b0-29f63c4c3454}',
      'f8c3de3d-1fea-4d7c-a8b0-29f63c4c345g',
    ],
  ],
  ['created', ['', 'yesterday', '2026-02-31']],
  ['name', ['a\0b', '\ud800', 'a\udc00']],
  ['created', ['2026\0']],
] as const)('what does not fit %s is rejected', (name, texts) => {
  for (const text of texts) expect([text, values(name, 'eq', text)]).toEqual([text, ['SEARCH_DB_INVALID_SEARCH_VALUE']])
})

test('every type takes its operators and no other', () => {
  const takes = (name: string, text: string) =>
    OPERATORS.filter((operator) => typed(name, operator, text, text).kind === 'comparison').join(' ')
  expect(takes('name', 'x')).toBe('eq neq lt lte gt gte between nbetween in nin like nlike')
  expect(takes('ttlMinutes', '1')).toBe('eq neq lt lte gt gte between nbetween in nin')
  expect(takes('created', '2026')).toBe('eq neq lt lte gt gte between nbetween')
  expect(takes('enabled', 'true')).toBe('eq neq')
  expect(takes('uuid', 'f8c3de3d-1fea-4d7c-a8b0-29f63c4c3454')).toBe('eq neq in nin')
})

test('everything that is wrong with a comparison is named at once', () => {
  expect(values('enabled', 'in', 'x', 'true', 'y')).toEqual([
    'SEARCH_DB_INVALID_SEARCH_OP',
    'SEARCH_DB_INVALID_SEARCH_VALUE',
    'SEARCH_DB_INVALID_SEARCH_VALUE',
  ])
  expect(values('port', 'eq', '7')).toEqual(['NTFLIB_DB_NO_COLUMN'])
  expect(values('ttlMinutes', 'in', ...Array<string>(10_001).fill('1'))).toEqual(['SEARCH_LIST_ERROR'])
})
