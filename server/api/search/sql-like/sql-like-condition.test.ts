import { expect, test } from 'vitest'
import type { Condition } from '../condition.ts'
import { parseSqlLike } from './sql-like-condition.ts'

/** The tree in words: `(a eq [1] and b eq [2])`; or the violations. */
function read(...texts: readonly string[]): string | readonly string[] {
  const reading = parseSqlLike(texts)
  if (reading.kind === 'invalid') return reading.violations
  return reading.condition === undefined ? 'nothing' : printed(reading.condition)
}
function printed(condition: Condition): string {
  if (condition.kind === 'comparison')
    return `${condition.attribute.name} ${condition.operator} ${JSON.stringify(condition.values)}`
  return `(${condition.of.map(printed).join(condition.kind === 'all' ? ' and ' : ' or ')})`
}

test.each([
  ["name = 'x'", 'name eq ["x"]'],
  ["enabled = 'true'", 'enabled eq [true]'],
  ['enabled <> TRUE', 'enabled neq [true]'],
  ['enabled = false', 'enabled eq [false]'],
  ["owner IN ('jdoe','msmith')", 'owner in ["jdoe","msmith"]'],
  ["owner NIN ('jdoe', 'msmith')", 'owner nin ["jdoe","msmith"]'],
  ["owner NOT IN ('jdoe')", 'owner nin ["jdoe"]'],
  ["owner IN ('a,b','c.d')", 'owner in ["a,b","c.d"]'],
  ["name LIKE 'testname%'", 'name like ["testname%"]'],
  ["name NLIKE 'testname%'", 'name nlike ["testname%"]'],
  ["name NOT LIKE 'testname_'", 'name nlike ["testname_"]'],
  ["name LIKE '*!'", 'name like ["*!"]'],
  ["name LIKE 'a\\'", 'name like ["a\\\\\\\\"]'],
  ["ttlminutes BETWEEN '0' AND '1024'", 'ttlMinutes between [0,1024]'],
  ["ttlminutes NBETWEEN '0' AND '1024'", 'ttlMinutes nbetween [0,1024]'],
  ["ttlMinutes not between '-5' and '5'", 'ttlMinutes nbetween [-5,5]'],
  ["name BETWEEN 'a,b' AND 'c'", 'name between ["a,b","c"]'],
  ["subject_filter = 'my.host.org'", 'subjectFilter eq ["my.host.org"]'],
  ['(ttl_minutes <= 7)', 'ttlMinutes lte [7]'],
  ['ttlMinutes>=7l', 'ttlMinutes gte [7]'],
  ['ttlMinutes<0x1F', 'ttlMinutes lt [31]'],
  ['ttlMinutes > 017', 'ttlMinutes gt [15]'],
  ['ttlMinutes > 0', 'ttlMinutes gt [0]'],
  ['ttlMinutes = 5.', 'ttlMinutes eq [5]'],
  ['ttlMinutes = 1e3', 'ttlMinutes eq [1000]'],
  ['ttlMinutes = + + 5', 'ttlMinutes eq [5]'],
  ["ttlMinutes = '-5'", 'ttlMinutes eq [-5]'],
  ['name = 10L', 'name eq ["10"]'],
  ['name = 5.0', 'name eq ["5.0"]'],
  ['created > 2026', 'created gt ["2026-01-01T00:00:00.000000Z"]'],
  ["created < '2026-11-23T10:00:00+01:00'", 'created lt ["2026-11-23T09:00:00.000000Z"]'],
  ["uuid = 'F8C3DE3D-1FEA-4D7C-A8B0-29F63C4C3454'", 'uuid eq ["f8c3de3d-1fea-4d7c-a8b0-29f63c4c3454"]'],
  ['owner = jdoe', 'owner eq ["jdoe"]'],
  ['name = owner', 'name eq ["owner"]'],
  ["NAME = 'it''s'", 'name eq ["it\'s"]'],
  ["name = ''", 'name eq [""]'],
  ["name = ''''", 'name eq ["\'"]'],
  ["name = 'a -- b /* c */ \" \n'", 'name eq ["a -- b /* c */ \\" \\n"]'],
  ["((name)) = (('x'))", 'name eq ["x"]'],
  ["name/**/=--\n'x'/* ' * ** */", 'name eq ["x"]'],
  ["name='x'AND\townER='y'", '(name eq ["x"] and owner eq ["y"])'],
  [
    "enabled = 'true' AND (owner = 'jdoe' OR ttlminutes > 1024)",
    '(enabled eq [true] and (owner eq ["jdoe"] or ttlMinutes gt [1024]))',
  ],
  [
    "owner = 'a' AND (owner = 'b' OR ttlMinutes > 1) OR (owner = 'c' and ttlMinutes < 9)",
    '((owner eq ["a"] and (owner eq ["b"] or ttlMinutes gt [1])) or (owner eq ["c"] and ttlMinutes lt [9]))',
  ],
  [
    "owner = 'a' or owner = 'b' and owner = 'c' or owner = 'd'",
    '(owner eq ["a"] or (owner eq ["b"] and owner eq ["c"]) or owner eq ["d"])',
  ],
])('%s is %s', (text, expected) => {
  expect(read(text)).toBe(expected)
})

test('the texts of a request are one text, joined by blanks', () => {
  expect(read("name = 'x'", 'and', "owner = 'y'")).toBe('(name eq ["x"] and owner eq ["y"])')
  expect(read("name = 'a", "b'")).toBe('name eq ["a b"]')
  expect([read(''), read(' ', '\t'), parseSqlLike([]).kind]).toEqual(['nothing', 'nothing', 'condition'])
})

test('a comment without a line end does not swallow the next text', () => {
  expect(read("name = 'x' -- and more", "and owner = 'y'")).toEqual(['at 11: the comment must end with a line break'])
})

test.each([
  ['name IS NULL', 'at 0: IS NULL and IS NOT NULL are not supported'],
  ['name is not null', 'at 0: IS NULL and IS NOT NULL are not supported'],
  ["NOT name = 'x'", 'at 0: NOT is supported only before LIKE, BETWEEN and IN'],
  ["enabled = TRUE and NOT (name = 'x')", 'at 19: NOT is supported only before LIKE, BETWEEN and IN'],
  ['ttlMinutes > -5', 'at 13: a minus sign outside quotes is not supported'],
  ['-ttlMinutes > 5', 'at 0: a minus sign outside quotes is not supported'],
  ['ttlMinutes > 5 + 1', 'at 13: arithmetic is not supported'],
  ['ttlMinutes * 2 % 3 > 5', 'at 0: arithmetic is not supported'],
  ['ttlMinutes = 4 / 2', 'at 13: arithmetic is not supported'],
  ["'x'", 'at 0: an attribute or a value alone is not supported as a condition'],
  ['TRUE', 'at 0: an attribute or a value alone is not supported as a condition'],
  ['enabled', 'at 0: an attribute or a value alone is not supported as a condition'],
  ['(null)', 'at 1: an attribute or a value alone is not supported as a condition'],
  ["'x' = 'x'", 'at 0: a value on the left of an operator is not supported; use an attribute'],
  ["'x' = name", 'at 0: a value on the left of an operator is not supported; use an attribute'],
  ["5 in ('5')", 'at 0: a value on the left of an operator is not supported; use an attribute'],
  ["name = 'x' = 'x'", 'at 0: a condition on the left of an operator is not supported; use an attribute'],
  ["(name = 'x') like 'x'", 'at 1: a condition on the left of an operator is not supported; use an attribute'],
  ["name = (owner = 'x')", 'at 8: a condition on the right of an operator is not supported; use a value'],
  ['name = NULL', 'at 7: a comparison with NULL is not supported'],
  ['name <> null', 'at 8: a comparison with NULL is not supported'],
])('%s is in the language, but not supported', (text, violation) => {
  expect(read(text)).toEqual([violation])
})

test.each([
  ['name = ', 'at 7: expected an attribute, a value or an opening parenthesis, found the end'],
  ["name = 'x", 'at 7: the string is not closed'],
  ["name = 'x''", 'at 7: the string is not closed'],
  ["name = 'x' owner = 'y'", 'at 11: expected AND, OR or the end, found owner'],
  ["name == 'x'", 'at 6: expected an attribute, a value or an opening parenthesis, found ='],
  ["name != 'x'", 'at 5: the character ! does not belong here'],
  ['name = "x"', 'at 7: the character " does not belong here'],
  ["name = 'x';", 'at 10: the character ; does not belong here'],
  ["name = '😀' 😀", 'at 12: the character 😀 does not belong here'],
  ["(name = 'x'", 'at 11: expected ), found the end'],
  ["name = 'x')", 'at 10: expected AND, OR or the end, found )'],
  ['ttlMinutes BETWEEN 0 AND 1024', 'at 19: expected a string in quotes, found 0'],
  ["ttlMinutes BETWEEN '0', '1024'", 'at 22: expected AND, found ,'],
  ['owner IN (jdoe)', 'at 10: expected a string in quotes, found jdoe'],
  ['owner IN ()', 'at 10: expected a string in quotes, found )'],
  ["owner IN 'jdoe'", "at 9: expected (, found 'jdoe'"],
  ["owner IN ('jdoe',)", 'at 17: expected a string in quotes, found )'],
  ['name LIKE x', 'at 10: expected a string in quotes, found x'],
  ["name LIKE 'x' ESCAPE '\\'", 'at 14: expected AND, OR or the end, found escape'],
  ["name NOT = 'x'", 'at 9: expected LIKE, BETWEEN or IN, found ='],
  ["name NOT NLIKE 'x'", 'at 9: expected LIKE, BETWEEN or IN, found nlike'],
  ['name IS x', 'at 8: expected NULL, found x'],
  ['and', 'at 0: expected an attribute, a value or an opening parenthesis, found and'],
  ['ttlMinutes = 09', 'at 14: expected AND, OR or the end, found 9'],
  ['ttlMinutes = 0x', 'at 14: expected AND, OR or the end, found x'],
  ['ttlMinutes = 5abc', 'at 14: expected AND, OR or the end, found abc'],
  ['/* name = 1', 'at 0: the comment is not closed'],
  ['name = 1 /*/', 'at 9: the comment is not closed'],
  ['-- name\n', 'at 8: expected an attribute, a value or an opening parenthesis, found the end'],
  ['name\u00a0= 1', 'at 4: the character \u00a0 does not belong here'],
  [`ttlMinutes = ${'1'.repeat(41)}`, 'at 13: a number has at most 40 characters'],
])('%s is not in the language', (text, violation) => {
  expect(read(text)).toEqual([violation])
})

test('every violation in a text of the language is named, with its place', () => {
  expect(
    read("port = 7 or ttlMinutes = 5.5 and enabled like 'x' or created > 'now' and 1 = null and owner in ('\0')"),
  ).toEqual([
    'at 0: NTFLIB_DB_NO_COLUMN there is no attribute port',
    'at 12: SEARCH_DB_INVALID_SEARCH_VALUE ' +
      'ttlMinutes is compared with a whole number from -2147483648 to 2147483647, not with 5.5',
    'at 33: SEARCH_DB_INVALID_SEARCH_OP enabled takes eq, neq, not like',
    'at 33: SEARCH_DB_INVALID_SEARCH_VALUE enabled is compared with true or false, not with x',
    'at 53: SEARCH_DB_INVALID_SEARCH_VALUE created is compared with a timestamp such as 2026, 2026-11-23 or ' +
      '2026-11-23T10:00:00.5+01:00 (in a query, %2B for the plus), not with now',
    'at 73: a value on the left of an operator is not supported; use an attribute',
    'at 77: a comparison with NULL is not supported',
    'at 86: SEARCH_DB_INVALID_SEARCH_VALUE a value of owner has a NUL character',
  ])
  for (const value of ['2147483648', '0x80000000', '1e10', '1e400', '5', '9'.repeat(40)])
    expect(parseSqlLike([`ttlMinutes = ${value}`]).kind).toBe(value === '5' ? 'condition' : 'invalid')
})

test('conditions, values and nesting are bounded', () => {
  const many = (count: number) => Array<string>(count).fill('ttlMinutes > 5').join(' or ')
  expect([parseSqlLike([many(1000)]).kind, read(many(1001))]).toEqual([
    'condition',
    ['at 18013: there are more than 1000 conditions'],
  ])
  const list = (count: number) => `name in (${Array<string>(count).fill("'x'").join()})`
  expect([
    parseSqlLike([`${list(5000)} or ${list(5000)}`]).kind,
    parseSqlLike([`${list(5000)} or ${list(5001)}`]),
  ]).toEqual(['condition', { kind: 'invalid', violations: ['at 40022: there are more than 10000 values'] }])
  const nested = (depth: number) => `${'('.repeat(depth)}name = 'x'${')'.repeat(depth)}`
  expect([read(nested(100)), read(nested(101))]).toEqual([
    'name eq ["x"]',
    ['at 100: parentheses are nested more than 100 deep'],
  ])
  expect(read(`name = ${'+ '.repeat(50_000)}5`)).toEqual(['at 100003: there are more than 50000 tokens'])
  expect(read(many(500).replaceAll('5', "'x'"))).toHaveLength(100)
})
