import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyText, tests as anyTest } from '@tidings/test/support/search-conditions.ts'
import { printConditionText } from '@tidings/test/support/search-printers.ts'
import type { Condition } from './condition.ts'
import { parseConditionText } from './condition-text.ts'

/** For thousands of cases, on a machine that has other work. */
const SLOW_MS = 60_000

/** `name eq [x]`, or the codes of the violations. */
function read(text: string): readonly string[] {
  const reading = parseConditionText(text)
  return reading.kind === 'invalid'
    ? reading.violations.map((violation) => violation.split(' ', 1)[0] ?? '')
    : printed(reading.condition)
}
function printed(condition: Condition | undefined): string[] {
  if (condition === undefined) return []
  return condition.kind === 'comparison'
    ? [`${condition.attribute.name} ${condition.operator} ${JSON.stringify(condition.values)}`]
    : condition.of.flatMap(printed)
}

test.each([
  ['enabled.eq.true', 'enabled eq [true]'],
  ['(ttlMinutes.lt.7)', 'ttlMinutes lt [7]'],
  ['name.neq.test\\)name', 'name neq ["test)name"]'],
  ['name.neq.test\\)', 'name neq ["test)"]'],
  ['(name.neq.test\\(\\)name)', 'name neq ["test()name"]'],
  ['name.neq.test\\~name', 'name neq ["test~name"]'],
  ['name.neq.test\\,name', 'name neq ["test,name"]'],
  ['name.neq.test*!name', 'name neq ["test*!name"]'],
  ['name.eq.a\\b\\\\c', 'name eq ["a\\\\b\\\\\\\\c"]'],
  ['(name.eq.a\\)', 'name eq ["a\\\\"]'],
  ['name.like.testname*', 'name like ["testname%"]'],
  ['name.nlike.testname!', 'name nlike ["testname_"]'],
  ['name.like.test\\*name', 'name like ["test*name"]'],
  ['name.like.100%', 'name like ["100\\\\%"]'],
  ['description.like.my\\,\\(\\)\\~\\*\\!\\\\system', 'description like ["my,()~*!\\\\\\\\system"]'],
  ['ttlMinutes.between.0,1024', 'ttlMinutes between [0,1024]'],
  ['ttl_minutes.nbetween.-5,5', 'ttlMinutes nbetween [-5,5]'],
  ['description.in.MyTest\\,yes,YourTest\\,ok.', 'description in ["MyTest,yes","YourTest,ok."]'],
  ['subject_filter.eq.host.tacc.utexas.edu', 'subjectFilter eq ["host.tacc.utexas.edu"]'],
  ['name.EQ.x', 'name eq ["x"]'],
  ['name.nBetween.a,b', 'name nbetween ["a","b"]'],
  ['~name.eq.x~~', 'name eq ["x"]'],
  ['name.eq. x ', 'name eq [" x "]'],
  ['created.lt.2026-11-23T10:00:00.5Z', 'created lt ["2026-11-23T10:00:00.500000Z"]'],
  [
    'created.eq.2026-11-23T10:00:00.0000005Z',
    'created between ["2026-11-23T10:00:00.000001Z","2026-11-23T10:00:00.000000Z"]',
  ],
])('%s is one condition: %s', (text, condition) => {
  expect(read(text)).toEqual([condition])
})

test('several conditions must all hold; empty ones are ignored', () => {
  expect(read('(enabled.eq.true)~()~(owner.eq.jdoe)~ ~(typeFilter.in.a.b.c,d.e.f)~')).toEqual([
    'enabled eq [true]',
    'owner eq ["jdoe"]',
    'typeFilter in ["a.b.c","d.e.f"]',
  ])
  const reading = parseConditionText('(enabled.eq.true)~(owner.eq.jdoe)')
  expect(reading).toMatchObject({
    kind: 'condition',
    condition: { kind: 'all', of: [{ operator: 'eq' }, { operator: 'eq' }] },
  })
})

test.each(['', ' ', '()', '( )', '()~( )~()', '~()~', '~~~', '~'])('%j has no condition', (text) => {
  expect(parseConditionText(text)).toEqual({ kind: 'condition', condition: undefined })
})

test.each([
  ['(enabled.eq.true', 'UNBALANCED'],
  ['ttlMinutes.lt.7)', 'UNBALANCED'],
  ['name.neq.test)name', 'INVALID_VAL'],
  ['name.neq.test(name', 'INVALID_VAL'],
  ['(name.neq.test)name)', 'INVALID_VAL'],
  ['(name.neq.test(name)', 'INVALID_VAL'],
  ['(name.neq.test~name)', 'UNBALANCED', 'UNBALANCED'],
  ['(name.neq.test,name)', 'INVALID_VAL'],
  ['enabled.eq.true~ttlMinutes.lt.7', 'UNBALANCED', 'UNBALANCED'],
  ['ttlMinutes.between.1', 'INVALID_OP2'],
  ['ttlMinutes.between.1,2,3', 'INVALID_OP2'],
  ['ttlMinutes.nbetween.1', 'INVALID_OP2'],
  ['(owner.eq.a)~owner.in.b,c', 'UNBALANCED'],
  ['(enabled.eq.true)~owner.eq.jdoe)~(ttlMinutes.lt.7)', 'UNBALANCED'],
  ['(enabled.eq.true)~(~(owner.in.a,b)', 'UNBALANCED'],
  ['(enabled.eq.true)~)~(owner.in.a,b)', 'UNBALANCED'],
  ['.eq.true', 'INVALID_NOATTR'],
  ['true', 'INVALID_NOATTR'],
  ['enabled.true', 'INVALID_NOOPER'],
  ['enabled..true', 'INVALID_NOOPER'],
  ['1enabled.eq.true', 'INVALID_ATTR'],
  ['en$abled.eq.true', 'INVALID_ATTR'],
  ['enabled\n.eq.true', 'INVALID_ATTR'],
  ['(enabled.equal.true)', 'INVALID_OP'],
  ['(ttlMinutes.l@t.7)', 'INVALID_OP'],
  ['(name.contains.x)', 'INVALID_OP'],
  ['(owner.eq.a)~(owner.in.)', 'INVALID_NOVAL'],
  ['(owner.eq.a)~(owner.in)', 'INVALID_NOOPER'],
  ['(owner.eq. )', 'INVALID_NOVAL'],
  ['owner.in.a,,b', 'INVALID_VAL'],
  ['owner.in.a(b,c', 'INVALID_VAL'],
])('%s is rejected', (text, ...codes) => {
  expect(read(text)).toEqual(codes.map((code) => `SEARCH_COND_${code}`))
})

test('every violation of every condition is named, with the condition', () => {
  const reading = parseConditionText('(1a.equal.)~(name.eq.x)~(port.lt.7)~(enabled.in.maybe)')
  expect(reading).toEqual({
    kind: 'invalid',
    violations: [
      'SEARCH_COND_INVALID_ATTR 1a is not the name of an attribute: (1a.equal.)',
      'SEARCH_COND_INVALID_OP equal is not an operator: (1a.equal.)',
      'SEARCH_COND_INVALID_NOVAL there is no value: (1a.equal.)',
      'NTFLIB_DB_NO_COLUMN there is no attribute port: (port.lt.7)',
      'SEARCH_DB_INVALID_SEARCH_OP enabled takes eq, neq, not in: (enabled.in.maybe)',
      'SEARCH_DB_INVALID_SEARCH_VALUE enabled is compared with true or false, not with maybe: (enabled.in.maybe)',
    ],
  })
})

test('the numbers of conditions, values and violations are bounded', () => {
  const conditions = (count: number) => Array<string>(count).fill('(name.eq.x)').join('~')
  expect([parseConditionText(conditions(1000)).kind, read(conditions(1001))]).toEqual([
    'condition',
    ['SEARCH_LIST_ERROR'],
  ])
  const list = (count: number) => `(name.in.${Array<string>(count).fill('x').join(',')})`
  expect([
    parseConditionText(`${list(5000)}~${list(5000)}`).kind,
    read(`${list(5000)}~${list(5001)}`),
    read(list(10_001)),
  ]).toEqual(['condition', ['SEARCH_LIST_ERROR'], ['SEARCH_LIST_ERROR']])
  expect(read(Array<string>(1000).fill('(x)').join('~'))).toHaveLength(100)
})

test(
  'what is printed is read as it was',
  () => {
    fc.assert(
      fc.property(fc.array(anyTest, { minLength: 1, maxLength: 5 }), (tests) => {
        expect(parseConditionText(printConditionText(tests))).toEqual({
          kind: 'condition',
          condition: tests.length === 1 ? tests[0] : { kind: 'all', of: tests },
        })
      }),
      { numRuns: 3000 },
    )
  },
  SLOW_MS,
)

test(
  'no text makes it throw, however it was mutated',
  () => {
    const symbols = fc.string({
      unit: fc.constantFrom(
        '~',
        ',',
        '(',
        ')',
        '\\',
        '.',
        '*',
        '!',
        ' ',
        'name',
        'eq',
        'in',
        'between',
        'like',
        'created',
        '7',
        '\ud800',
        '\0',
      ),
    })
    const spoilt = fc
      .tuple(fc.array(anyTest, { maxLength: 3 }), fc.nat(), fc.constantFrom('', '~', '(', ')', '\\', '.', ',', '\0'))
      .map(([tests, at, piece]) => {
        const text = printConditionText(tests)
        const place = at % (text.length + 1)
        return text.slice(0, place) + piece + text.slice(place + 1)
      })
    fc.assert(
      fc.property(fc.oneof(anyText, symbols, spoilt), (text) => {
        const reading = parseConditionText(text)
        if (reading.kind === 'invalid') expect(reading.violations).not.toEqual([])
      }),
      { numRuns: 5000 },
    )
  },
  SLOW_MS,
)

test.each(['~', '\\', '(', ')', ',', '.', 'a', '()', '(a.eq.b)~', '\\~', 'name.in.,', '(('])(
  'a mebibyte of %s takes hardly any time',
  (piece) => {
    const started = process.cpuUsage()
    for (const start of ['', 'name.in.', 'name.like.', '(ttlMinutes.in.'])
      parseConditionText(start + piece.repeat(1_048_576 / piece.length))
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 1000).toBeLessThan(5000)
  },
  SLOW_MS,
)
