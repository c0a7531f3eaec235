import { ATTRIBUTES } from '@tidings/server/api/search/attributes.ts'
import { OPERATORS } from '@tidings/server/api/search/operators.ts'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { createApiForFile, envelopeOf } from './support/test-api.ts'
import { edgeCaseSubscriptions } from './support/edge-case-subscriptions.ts'
import { storeSubscriptions } from './support/stored-state.ts'

/** Requests on their way at the same moment, and how often. */
const TOGETHER = 25
const ROUNDS = 100

const api = createApiForFile()
beforeAll(() => storeSubscriptions(api.db, edgeCaseSubscriptions()))

/** Pieces of all the languages, so that what is put together from them is often nearly right. */
const PIECES = [
  '(',
  ')',
  '~',
  ',',
  '.',
  '\\',
  '%',
  '_',
  '*',
  '!',
  "'",
  '"',
  '--',
  '/*',
  '*/',
  ' ',
  '\n',
  '=',
  '<>',
  '<',
  '>=',
  '+',
  '-',
  ';',
  '$1',
  '::',
  '{',
  '}',
  '[',
  ']',
  '&',
  '?',
  '#',
  '0x',
  '1e999',
  '9'.repeat(50),
  'and',
  'or',
  'not',
  'is',
  'null',
  'like',
  'between',
  'in',
  'nin',
  'nlike',
  'nbetween',
  'escape',
  'true',
  'asc',
  'desc',
  '2026-02-29',
  '2026-11-23T10:00:00.123456789+18:00',
  '0000',
  '9999-12-31T23:59:59-18:00',
  'f8c3de3d-1fea-4d7c-a8b0-29f63c4c3454',
  '-2147483648',
  '2147483648',
  'NaN',
  'Infinity',
  '\u{1f600}',
  '\u2028',
  '\u0001',
  'e\u0301',
  'constructor',
  '__proto__',
  'seq_id',
  'freeFormParameterName',
  '0001-01-01 BC',
  ...OPERATORS,
  ...ATTRIBUTES.map(({ name }) => name),
]
const mixture = fc
  .array(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...PIECES) }, fc.string({ unit: 'binary', maxLength: 3 })), {
    maxLength: 14,
  })
  .map((pieces) => pieces.join(''))

/** Mostly valid, or the requests would end at their first violation. */
const mostly = <T>(right: fc.Arbitrary<T>): fc.Arbitrary<T | string> =>
  fc.oneof({ weight: 8, arbitrary: right }, mixture)

const attribute = fc.constantFrom(...ATTRIBUTES.map(({ name }) => name))
const textAttribute = fc.constantFrom(...ATTRIBUTES.filter(({ type }) => type === 'text').map(({ name }) => name))
const operator = fc.constantFrom(...OPERATORS)
const textOperator = fc.constantFrom('eq', 'NEQ', 'lt', 'gte', 'in', 'nin', 'like', 'NLike')
const escaped = mixture.map((text) => text.replace(/[~,()]/g, '\\$&'))
/** Any attribute and operator with any value; and texts, which go with any. */
const bare = fc
  .oneof(fc.tuple(attribute, operator, mixture), fc.tuple(textAttribute, textOperator, escaped))
  .map((parts) => parts.join('.'))
const word = fc.constantFrom('=', '<>', '<', '>=', 'LIKE', 'NOT LIKE', 'nlike')
const sqlTest = fc
  .oneof(fc.tuple(attribute, word, mixture), fc.tuple(textAttribute, word, mixture))
  .map(([name, comparison, value]) => `${name} ${comparison} '${value.replaceAll("'", "''")}'`)

const search = mostly(
  fc
    .array(
      bare.map((text) => `(${text})`),
      { maxLength: 3 },
    )
    .map((parts) => parts.join('~')),
)
const orderBy = mostly(
  fc
    .uniqueArray(
      fc.tuple(attribute, fc.constantFrom('', '()', '(asc)', '(DESC)')).map((parts) => parts.join('')),
      { maxLength: 3 },
    )
    .map((parts) => parts.join(',')),
)
const number = mostly(fc.oneof(fc.integer(), fc.integer({ min: -1, max: 10 })).map(String))
/** startAfter goes with a text, and without skip. */
const started = fc.record({ orderBy: textAttribute.map((name) => `${name}(desc)`), startAfter: mixture })
const paged = fc.record({ orderBy, skip: number }, { requiredKeys: [] })
const anything = fc.record({ orderBy, skip: number, startAfter: mixture }, { requiredKeys: [] })
const others = fc.record(
  {
    anyOwner: fc.constantFrom('true', 'true', 'x'),
    limit: number,
    select: mixture,
    computeTotal: mostly(fc.constant('true')),
    ownedBy: mixture,
  },
  { requiredKeys: [] },
)
const common = fc.tuple(fc.oneof(started, paged, anything), others).map(([order, rest]) => ({ ...order, ...rest }))

interface Hostile {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly parameters: readonly (readonly [string, string])[]
  readonly body?: unknown
}

const freeForm = fc.oneof(
  fc.tuple(mixture, mixture),
  fc.tuple(fc.constant('freeFormParameterName'), mixture),
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.tuple(attribute, operator).map((parts) => parts.join('.')),
      mixture,
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(
      fc.tuple(textAttribute, textOperator).map((parts) => parts.join('.')),
      escaped,
    ),
  },
  fc.tuple(
    mixture.map((name) => `freeFormParameterName[${name}]`),
    mixture,
  ),
  fc.tuple(
    fc.constant('freeFormParameterName'),
    fc.dictionary(mixture, fc.jsonValue()).map((value) => JSON.stringify(value)),
  ),
)
const joinedTests = fc
  .tuple(
    sqlTest,
    fc.array(
      fc.tuple(fc.constantFrom('AND', 'OR', 'and', ''), sqlTest).map((parts) => parts.join(' ')),
      { maxLength: 2 },
    ),
  )
  .map(([first, rest]) => [first, ...rest])
const texts = fc.oneof(
  { weight: 6, arbitrary: joinedTests },
  fc.array(mixture, { minLength: 1, maxLength: 3 }),
  fc.jsonValue(),
)

const request: fc.Arbitrary<Hostile> = fc.oneof(
  fc.tuple(common, search).map(([rest, text]) => ({
    method: 'GET' as const,
    path: '',
    parameters: [...Object.entries(rest), ['search', text] as const],
  })),
  fc.tuple(common, fc.array(freeForm, { maxLength: 3 })).map(([rest, conditions]) => ({
    method: 'GET' as const,
    path: '/search',
    parameters: [...Object.entries(rest), ...conditions],
  })),
  fc.tuple(common, texts).map(([rest, of]) => ({
    method: 'POST' as const,
    path: '/search',
    parameters: Object.entries(rest),
    body: { search: of },
  })),
)

/** Half a surrogate pair cannot be sent in a query; in a body it can. */
const encoded = (text: string) => encodeURIComponent(text.replace(/\p{Cs}/gu, '?'))

async function send({ method, path, parameters, body }: Hostile): Promise<Response> {
  const query = parameters.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&')
  return api.call(
    method,
    `/subscriptions${path}?${query}`,
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
  )
}

test('no condition, order, start or number causes a 500', async () => {
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: TOGETHER, maxLength: TOGETHER }), async (requests) => {
      await Promise.all(
        requests.map(async (one) => {
          const response = await send(one)
          const text = await response.text()
          expect([200, 400, 401], text).toContain(response.status)
          statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
        }),
      )
    }),
    { numRuns: ROUNDS },
  )
  expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(TOGETHER * ROUNDS)
  const share = (status: number) => (statuses.get(status) ?? 0) / (TOGETHER * ROUNDS)
  expect(share(200), 'enough of them reached the database').toBeGreaterThan(0.2)
  expect(share(400), 'and enough did not').toBeGreaterThan(0.2)
})

test.each([
  ['a thousand conditions', Array.from({ length: 1000 }, (_, index) => `name = '${index}'`).join(' OR '), 200],
  [
    'a thousand conditions of every kind',
    Array.from(
      { length: 500 },
      (_, index) => `(owner LIKE '%${index}%' AND ttlMinutes BETWEEN '${index}' AND '9')`,
    ).join(' OR '),
    200,
  ],
  ['a thousand and one', Array.from({ length: 1001 }, () => 'enabled = true').join(' AND '), 400],
  ['eight thousand values', `name IN (${Array.from({ length: 8000 }, (_, index) => `'${index}'`).join()})`, 200],
  ['a hundred parentheses', `${'('.repeat(100)}name = 'a'${')'.repeat(100)}`, 200],
  ['sixty thousand parentheses', '('.repeat(60_000), 400],
  ['a pattern that is nothing but runs', `description LIKE '${'%a'.repeat(20_000)}'`, 200],
  ['a value of sixty thousand characters', `name = '${'x'.repeat(60_000)}'`, 200],
  ['more than 64 KiB', `name = '${'x'.repeat(65_536)}'`, 413],
])('%s', async (_name, text, status) => {
  const response = await api.call('POST', '/subscriptions/search?anyOwner=true&computeTotal=true&orderBy=name', {
    body: { search: [text] },
  })
  expect(response.status, (await response.text()).slice(0, 500)).toBe(status)
})

test('a body with hundreds of unknown members is rejected, and not mistaken for one without conditions', async () => {
  const unknown = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`k${index}`, 1]))
  const { message } = await envelopeOf(
    api.call('POST', '/subscriptions/search', { body: { search: ["name = 'x'"], ...unknown } }),
    400,
  )
  expect(message).toContain('/k0 is not a member')
})
