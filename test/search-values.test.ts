import { compile } from '@tidings/server/api/search/compile-condition.ts'
import { patternOfSql, patternOfStars } from '@tidings/server/api/search/like-pattern.ts'
import { findAttribute, typedComparison } from '@tidings/server/api/search/typed-comparison.ts'
import { parseTimestamp } from '@tidings/server/api/search/timestamp.ts'
import { join, sql } from '@tidings/server/db/sql.ts'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { holds, ORDER_OPERATORS } from './support/order-comparison.ts'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase({ isEmpty: true })
})
afterAll(async () => {
  await db.drop()
})

const microseconds = (text: string) => sql`(extract(epoch from ${text}::timestamptz) * 1000000)::bigint::text`

test('PostgreSQL reads a timestamp as exactly the instant that is meant, at the ends of time as well', async () => {
  const wanted = new Map([
    ['1970-01-01T00:00:00.000001', '1'],
    ['1969-12-31T23:59:59.999999Z', '-1'],
    ['2200-04-29T14:15:52.020+05:30', '7268345152020000'],
    ['0001', '-62135596800000000'],
    ['0001-01-01T00:00+18:00', '-62135661600000000'],
    ['9999-12-31T23:59:59.999999-18:00', '253402365599999999'],
  ])
  for (const [text, expected] of wanted) {
    const { atOrBefore = '', atOrAfter = '' } = parseTimestamp(text) ?? {}
    expect([
      text,
      await db.query(sql`select ${microseconds(atOrBefore)} as first, ${microseconds(atOrAfter)} as last`),
    ]).toEqual([text, [{ first: expected, last: expected }]])
  }
  const { atOrAfter = '' } = parseTimestamp('9999-12-31T23:59:59.9999999') ?? {}
  expect(await db.query(sql`select ${microseconds(atOrAfter)} as next`)).toEqual([{ next: '253402300800000000' }])
})

test('digits that PostgreSQL would round away select the rows that the exact instant would', async () => {
  const found = findAttribute('created')
  if (found.kind === 'invalid') throw new Error('created is no attribute')
  const near = [-1, 0, 1, 400, 499, 500, 501, 999, 1000, 1001, 1500, 2000].map(
    (nanoseconds) => 999_999_000 - 1000 + nanoseconds,
  )
  const text = (nanoseconds: number) =>
    `2026-11-23T10:00:0${Math.floor(nanoseconds / 1e9)}.${String(nanoseconds % 1e9).padStart(9, '0')}`
  const columns = [-2, -1, 0, 1, 2].map((microsecond) => 999_999_000 + microsecond * 1000)
  for (const operator of ORDER_OPERATORS) {
    for (const first of near) {
      const second = first + 1001
      const typed = typedComparison(
        found.attribute,
        operator,
        operator.endsWith('between') ? [text(first), text(second)] : [text(first)],
      )
      if (typed.kind === 'invalid') throw new Error(typed.violations.join())
      const rows = join(columns.map((column) => sql`(${text(column).slice(0, -3)}::timestamptz, ${column}::bigint)`))
      const selected = await db.query<{ nanoseconds: number }>(
        sql`select nanoseconds from (values ${rows}) as subscription (created, nanoseconds)
          where ${compile(typed.comparison)}`,
      )
      expect([operator, first, selected.map(({ nanoseconds }) => nanoseconds)]).toEqual([
        operator,
        first,
        columns.filter((column) => holds(operator, column, first, second)),
      ])
    }
  }
})

/** What a pattern means, without SQL. */
function matches(text: readonly string[], pattern: readonly string[], run: string, character: string): boolean {
  const [head, ...rest] = pattern
  if (head === undefined) return text.length === 0
  if (head === run)
    return text.some((_, at) => matches(text.slice(at), rest, run, character)) || matches([], rest, run, character)
  if (text.length === 0) return false
  if (head === character) return matches(text.slice(1), rest, run, character)
  const [literal, after] = head === '\\' && rest.length > 0 ? [rest[0], rest.slice(1)] : [head, rest]
  return text[0] === literal && matches(text.slice(1), after, run, character)
}

test('patterns match in PostgreSQL what they mean, and none is an error', async () => {
  const unit = fc.stringMatching(/^[ab*!%_\\😀]$/u)
  const pairs = fc.sample(
    fc.record({
      text: fc.array(unit, { maxLength: 4 }),
      pattern: fc.array(unit, { maxLength: 6 }),
      isSql: fc.boolean(),
    }),
    4000,
  )
  const patterns = pairs.map(({ pattern, isSql }) => (isSql ? patternOfSql : patternOfStars)(pattern.join('')))
  const rows = await db.query<{ does: boolean }>(sql`
    select text like pattern as does
    from unnest(${pairs.map(({ text }) => text.join(''))}::text[], ${patterns}::text[]) with ordinality as pairs (text,
    pattern, number)
    order by number`)
  const expected = pairs.map(({ text, pattern, isSql }) => matches(text, pattern, isSql ? '%' : '*', isSql ? '_' : '!'))
  expect(rows.map(({ does }) => does)).toEqual(expected)
  expect(expected.filter(Boolean).length).toBeGreaterThan(100)
})
