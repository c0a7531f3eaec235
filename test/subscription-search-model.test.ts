import type { Subscription } from '@tidings/contract/subscription.ts'
import { ATTRIBUTES } from '@tidings/server/api/search/attributes.ts'
import type { Condition, Comparison } from '@tidings/server/api/search/condition.ts'
import { compileOrder, parseOrderBy, parseStartAfter } from '@tidings/server/api/search/order-by.ts'
import { findPage } from '@tidings/server/api/lists/page-query.ts'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { createApiForFile, envelopeOf } from './support/test-api.ts'
import { edgeCaseSubscriptions } from './support/edge-case-subscriptions.ts'
import { compare, conditionsOver, fulfils, testsOver, valueIn } from './support/search-model.ts'
import {
  printConditionText,
  printFreeForm,
  printSqlLike,
  type FreeFormEncoding,
  type SqlStyle,
} from './support/search-printers.ts'
import { storeSubscriptions, subscriptionIdsInOrder, type StoredSubscription } from './support/stored-state.ts'

const ROWS = edgeCaseSubscriptions()
const RUNS = { numRuns: 200 }

const api = createApiForFile()
beforeAll(async () => {
  await storeSubscriptions(api.db, [
    ...ROWS,
    ...ROWS.map((row) => ({ ...row, tenant: 'other', uuid: row.uuid.replace('-4', '-5') })),
  ])
})

/** The uuids of a list, in its order. */
async function listed(
  path: string,
  parameters: readonly (readonly [string, string])[],
  search?: string,
): Promise<string[]> {
  const query = new URLSearchParams([['anyOwner', 'true'], ['limit', '-1'], ['select', 'uuid'], ...parameters] as [
    string,
    string,
  ][])
  const { result } = await envelopeOf<Subscription[]>(
    api.call(
      search === undefined ? 'GET' : 'POST',
      `/subscriptions${path}?${query.toString()}`,
      search === undefined ? {} : { body: { search: [search] } },
    ),
  )
  return result.map(({ uuid }) => uuid)
}

const BY_CREATION = ordering([])

function selected(condition: Condition): string[] {
  return ROWS.filter((row) => fulfils(row, condition))
    .sort(BY_CREATION)
    .map(({ uuid }) => uuid)
}

interface Entry {
  readonly name: string
  readonly isDescending: boolean
}

/** By these, then by creation, name and uuid. Rows without a value come last, descending first. */
function ordering(entries: readonly Entry[]): (a: StoredSubscription, b: StoredSubscription) => number {
  const all = [...entries, ...['created', 'name', 'uuid'].map((name) => ({ name, isDescending: false }))]
  return (a, b) => {
    for (const { name, isDescending } of all) {
      const [left, right] = [valueIn(a, name), valueIn(b, name)]
      const difference =
        left === null || right === null ? Number(left === null) - Number(right === null) : compare(left, right)
      if (difference !== 0) return isDescending ? -difference : difference
    }
    return 0
  }
}

const tests = fc.array(testsOver(ROWS), { minLength: 1, maxLength: 3 })
const style: fc.Arbitrary<SqlStyle> = fc.record({
  gap: fc.constantFrom(' ', '\n\t', ' /* and */ '),
  isUpperCase: fc.boolean(),
  isSpelledOut: fc.boolean(),
  isBare: fc.boolean(),
})
const entries = fc.array(
  fc.record({ name: fc.constantFrom(...ATTRIBUTES.map(({ name }) => name)), isDescending: fc.boolean() }),
  { minLength: 1, maxLength: 3 },
)

test('conditions can tell the rows apart', () => {
  const counts = fc.sample(conditionsOver(ROWS), 200).map((condition) => selected(condition).length)
  expect(counts.filter((count) => count > 0 && count < ROWS.length).length).toBeGreaterThan(100)
})

test('a condition text selects the rows that a plain filter does, in the order of creation', async () => {
  await fc.assert(
    fc.asyncProperty(tests, async (of) => {
      expect(await listed('', [['search', printConditionText(of)]])).toEqual(selected({ kind: 'all', of }))
    }),
    RUNS,
  )
})

test('free-form conditions do, in each of their encodings', async () => {
  const encoding = fc.constantFrom<FreeFormEncoding>('plain', 'brackets', 'json')
  const named = ({ attribute, operator }: Comparison) => `${attribute.name}.${operator}`
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(testsOver(ROWS), { minLength: 1, maxLength: 3, selector: named }),
      encoding,
      async (of, form) => {
        expect(await listed('/search', printFreeForm(of, form))).toEqual(selected({ kind: 'all', of }))
      },
    ),
    RUNS,
  )
})

test('an SQL-like condition of any shape does', async () => {
  await fc.assert(
    fc.asyncProperty(conditionsOver(ROWS), style, async (condition, words) => {
      expect(await listed('/search', [], printSqlLike(condition, words))).toEqual(selected(condition))
    }),
    RUNS,
  )
})

test('every order is by code point, and startAfter continues from any value of it', async () => {
  await fc.assert(
    fc.asyncProperty(entries, fc.option(fc.constantFrom(...ROWS)), async (order, start) => {
      const [first] = order
      const orderBy = order.map(({ name, isDescending }) => `${name}${isDescending ? '(desc)' : ''}`).join(',')
      const value = start && first ? valueIn(start, first.name) : null
      const after = value === null || String(value).trim() === '' ? undefined : value
      const expected = ROWS.filter((row) => {
        const own = valueIn(row, first?.name ?? '')
        return (
          after === undefined ||
          (own !== null && (first?.isDescending ? compare(own, after) < 0 : compare(own, after) > 0))
        )
      })
        .sort(ordering(order))
        .map(({ uuid }) => uuid)
      expect(
        await listed('', [
          ['orderBy', orderBy],
          ...(after === undefined ? [] : [['startAfter', String(after)] as const]),
        ]),
      ).toEqual(expected)
    }),
    RUNS,
  )
})

test('the pages together are the list, and each has its length', async () => {
  await fc.assert(
    fc.asyncProperty(tests, entries, fc.integer({ min: 1, max: 30 }), async (of, order, limit) => {
      const whole = ROWS.filter((row) => fulfils(row, { kind: 'all', of }))
        .sort(ordering(order))
        .map(({ uuid }) => uuid)
      const orderBy = order.map(({ name, isDescending }) => `${name}(${isDescending ? 'DESC' : 'asc'})`).join(',')
      const together: string[] = []
      for (let skip = 0; skip <= whole.length; skip += limit) {
        const query = new URLSearchParams({
          anyOwner: 'true',
          select: 'uuid',
          computeTotal: 'true',
          search: printConditionText(of),
          orderBy,
          limit: String(limit),
          skip: String(skip),
        })
        const { result, metadata } = await envelopeOf<Subscription[]>(
          api.call('GET', `/subscriptions?${query.toString()}`),
        )
        expect(metadata).toEqual({
          recordCount: result.length,
          recordLimit: limit,
          recordsSkipped: skip,
          orderBy,
          startAfter: null,
          totalCount: whole.length,
        })
        together.push(...result.map(({ uuid }) => uuid))
      }
      expect(together).toEqual(whole)
    }),
    { numRuns: 60 },
  )
})

test('however a page is queried, it is the same page', async () => {
  const owner = fc.option(fc.constantFrom(...new Set(ROWS.map((row) => row.owner))), { nil: undefined })
  const range = fc.record({ limit: fc.integer({ min: 1, max: 20 }), skip: fc.integer({ min: 0, max: 20 }) })
  await fc.assert(
    fc.asyncProperty(
      owner,
      fc.option(conditionsOver(ROWS), { nil: undefined }),
      entries,
      fc.option(fc.constantFrom(...ROWS)),
      range,
      async (of, condition, levels, start, { limit, skip }) => {
        const ordering = parseOrderBy(
          levels.map(({ name, isDescending }) => `${name}${isDescending ? '(desc)' : ''}`).join(','),
        )
        if (ordering.kind === 'invalid') throw new Error('an attribute has no order')
        const value = start && valueIn(start, ordering.order[0].attribute.name)
        const after = value === null ? undefined : parseStartAfter(ordering.order, String(value))
        if (after?.kind === 'invalid') throw new Error('a value is none of its attribute')
        const query = { tenant: 'dev', owner: of, condition, order: ordering.order, after: after?.after }
        const pages = await Promise.all(
          [{}, { few: Infinity }, { few: -1, lookAhead: 5 }, { few: -1, lookAhead: 1000 }].map((how) =>
            findPage(api.db, query, { limit, skip }, how),
          ),
        )
        const [first] = pages
        for (const page of pages) expect(page).toEqual(first)
        expect(first).toEqual(await subscriptionIdsInOrder(api.db, compileOrder(ordering.order).text, first ?? []))
      },
    ),
    { numRuns: 150 },
  )
})
