import type { Subscription } from '@tidings/contract/subscription.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from './support/test-app.ts'
import { renameSubscription } from './support/stored-state.ts'

const TARGET = { deliveryMethod: 'WEBHOOK', deliveryAddress: 'http://127.0.0.1:9/' }

/** Five subscriptions of two owners, distinguished by their first letters. */
const ROWS = [
  {
    name: 'alpha-100%',
    owner: 'jdoe',
    description: 'a,b',
    subjectFilter: 'port.lt.7',
    ttlMinutes: 10,
    enabled: true,
    created: '2200-04-29T14:15:00.020Z',
  },
  {
    name: 'alpha_test',
    owner: 'jdoe',
    description: 'a~(b)',
    subjectFilter: 'my.host.org',
    ttlMinutes: 60,
    enabled: false,
    created: '2200-04-29T13:15:00Z',
  },
  {
    name: 'beta*',
    owner: 'jdoe',
    subjectFilter: '*',
    ttlMinutes: 1024,
    enabled: true,
    created: '2200-04-29T14:15:00Z',
  },
  {
    name: 'gamma',
    owner: 'msmith',
    description: "it's",
    subjectFilter: 'x',
    ttlMinutes: 2000,
    enabled: true,
    created: '2100-01-01T00:00:00.000005Z',
  },
  {
    name: 'delta',
    owner: 'msmith',
    description: 'C:\\dir',
    subjectFilter: 'A',
    ttlMinutes: -1,
    enabled: false,
    created: '2100-01-01T00:00:00.5Z',
  },
] as const

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  for (const { created, name, ...row } of ROWS) {
    // A name may not have every character that a description may; the rest is inserted into the database.
    const plain = name.replace(/[^a-z_-]/g, '')
    await app.client.call('POST', '/subscriptions', {
      typeFilter: `jobs.${name.charAt(0).toUpperCase()}.*`,
      deliveryTargets: [TARGET],
      ...row,
      name: plain,
    })
    await renameSubscription(app.db, plain, { name, created })
  }
})
afterAll(() => app.stop())

/** The first letters of what is found, in their order by name; or the status and the code of the rejection. */
async function found(method: 'GET' | 'POST', path: string, body?: object): Promise<string> {
  const { status, body: envelope } = await app.client.call(method, path, body)
  if (status !== 200) return `${status} ${envelope?.message.split(' ')[0] ?? ''}`
  return (envelope?.result as Subscription[])
    .map(({ name }) => name.slice(0, name.startsWith('alpha') ? 6 : 1))
    .sort()
    .join(' ')
}

const anyOwner = 'anyOwner=true&limit=-1'
const search = (text: string) => found('GET', `/subscriptions?${anyOwner}&search=${encodeURIComponent(text)}`)
const sqlLike = (...texts: string[]) => found('POST', `/subscriptions/search?${anyOwner}`, { search: texts })

describe('protocol item 7: condition texts', () => {
  test.each([
    ['(enabled.eq.true)', 'alpha- b g'],
    ['enabled.eq.TRUE', 'alpha- b g'],
    ['(ttlMinutes.lt.60)', 'alpha- d'],
    ['(ttl_minutes.lte.60)~(enabled.eq.false)', 'alpha_ d'],
    ['(ttlminutes.between.10,1024)', 'alpha- alpha_ b'],
    ['(ttlMinutes.nbetween.10,1024)', 'd g'],
    ['(owner.in.jdoe,nobody)', 'alpha- alpha_ b'],
    ['(owner.nin.jdoe)', 'd g'],
    ['(name.neq.gamma)~(owner.eq.msmith)', 'd'],
    ['subject_filter.eq.my.host.org', 'alpha_'],
    ['(subjectFilter.eq.port.lt.7)', 'alpha-'],
    ['()~( )~(name.eq.gamma)~', 'g'],
    ['', 'alpha- alpha_ b d g'],
    ['(description.eq.a\\,b)', 'alpha-'],
    ['(description.eq.a\\~\\(b\\))', 'alpha_'],
    ['(description.in.x,a\\,b)', 'alpha-'],
    ['(description.eq.C:\\dir)', 'd'],
    ['(description.neq.x)', 'alpha- alpha_ d g'],
    ['(type_filter2.eq.B)', 'b'],
  ])('protocol item 7: valid: %s finds %s', async (text, expected) => {
    expect(await search(text)).toBe(expected)
  })

  test.each([
    '(enabled.eq.true',
    'port.lt.7)',
    'name.neq.test)name',
    'enabled.eq.true~port.lt.7',
    'port.between.1',
    'port.between.1,2,3',
    '.eq.true',
    'true',
    'enabled.true',
    '1enabled.eq.true',
    'en$abled.eq.true',
    '(enabled.equal.true)',
    '(nothing.eq.1)',
    '(enabled.lt.true)',
    '(ttlMinutes.eq.x)',
    '(created.eq.2026-13)',
    '(name.eq.a,b)',
    '(seq_id.eq.1)',
    '(deliveryTargets.eq.x)',
    '(name.contains.x)',
    '(name.eq.)',
  ])('protocol item 7: invalid: %s is 400', async (text) => {
    expect(await search(text)).toBe('400 NTFAPI_SEARCH_ERROR')
  })

  test.each([
    ['(name.like.alpha*)', 'alpha- alpha_'],
    ['(name.like.alpha!test)', 'alpha_'],
    ['(name.like.alpha_*)', 'alpha_'],
    ['(name.like.*100%)', 'alpha-'],
    ['(name.like.beta\\*)', 'b'],
    ['(name.like.ALPHA*)', ''],
    ['(name.nlike.alpha*)', 'b d g'],
    ['(name.like.g!mma)', 'g'],
    ['(description.like.C:\\\\d*)', 'd'],
  ])('protocol item 7: pattern: %s finds %s', async (text, expected) => {
    expect(await search(text)).toBe(expected)
  })

  test.each([
    ['(created.eq.2200-04-29T14:15)', 'b'],
    ['(created.eq.2200-04-29T15:15+01:00)', 'b'],
    ['(created.eq.2200-04-29T14:15+01:00)', 'alpha_'],
    ['(created.gt.2200-04-29T14:15:00.01)', 'alpha-'],
    ['(created.lt.2200-04-29T14:15:00.020)~(created.gt.2200-04)', 'alpha_ b'],
    ['(created.eq.2100-01-01T00:00:00.000005)', 'g'],
    ['(created.gte.2100-01-01T00:00:00.000005)~(created.lt.2101)', 'd g'],
    ['(created.between.2100,2200)', 'd g'],
    ['(expiry.lt.9999)', 'alpha- alpha_ b g'],
  ])('protocol item 7: timestamp: %s finds %s', async (text, expected) => {
    expect(await search(text)).toBe(expected)
  })
})

describe('protocol item 7: free-form parameters', () => {
  const three = (condition: string, value: string) => [
    `${encodeURIComponent(condition)}=${encodeURIComponent(value)}`,
    `${encodeURIComponent(`freeFormParameterName[${condition}]`)}=${encodeURIComponent(value)}`,
    `freeFormParameterName=${encodeURIComponent(JSON.stringify({ [condition]: value }))}`,
  ]

  test.each([
    ['name.eq', 'gamma', 'g'],
    ['subject_filter.eq', 'my.host.org', 'alpha_'],
    ['owner.in', 'msmith,nobody', 'd g'],
    ['description.eq', 'a\\,b', 'alpha-'],
  ])('protocol item 7: %s=%s in its three encodings', async (condition, value, expected) => {
    for (const owner of ['jdoe', 'msmith']) {
      const alone = await Promise.all(
        three(condition, value).map((parameters) =>
          found('GET', `/subscriptions/search?ownedBy=${owner}&limit=-1&${parameters}`),
        ),
      )
      const mine = ROWS.filter((row) => row.owner === owner).map(({ name }) =>
        name.slice(0, name.startsWith('alpha') ? 6 : 1),
      )
      expect(alone).toEqual(
        Array(3).fill(
          expected
            .split(' ')
            .filter((letter) => mine.includes(letter))
            .join(' '),
        ),
      )
    }
  })

  test('protocol item 7: several must all hold, a malformed one is 400, and none finds all', async () => {
    expect(await found('GET', '/subscriptions/search?ttlMinutes.gt=0&ttlMinutes.lt=100&enabled.eq=true')).toBe('alpha-')
    expect(await found('GET', '/subscriptions/search?pretty=true&listType=ALL')).toBe('alpha- alpha_ b')
    for (const wrong of ['name=x', 'name.is=x', 'freeFormParameterName=x', 'freeFormParameterName[name]=x'])
      expect(await found('GET', `/subscriptions/search?${wrong}`)).toBe('400 NTFAPI_SEARCH_ERROR')
  })
})

describe('protocol item 7: the SQL-like language', () => {
  test.each([
    ["name = 'gamma'", 'g'],
    ["enabled = 'true'", 'alpha- b g'],
    ['enabled <> TRUE', 'alpha_ d'],
    ["owner IN ('jdoe','msmith')", 'alpha- alpha_ b d g'],
    ["name NOT LIKE 'alpha_test'", 'alpha- b d g'],
    ["ttlminutes BETWEEN '0' AND '1024'", 'alpha- alpha_ b'],
    ["enabled = 'true' AND (owner = 'jdoe' OR ttlminutes > 1024)", 'alpha- b g'],
    ["owner = 'msmith' OR owner = 'jdoe' AND enabled = FALSE", 'alpha_ d g'],
    ["name LIKE 'alpha%'", 'alpha- alpha_'],
    ["name nlike 'alpha%'", 'b d g'],
    ["description = 'it''s'", 'g'],
    ["description IN ('a,b')", 'alpha-'],
    ["ttlMinutes NBETWEEN '10' AND '1024'", 'd g'],
    ['ttlMinutes >= 0x3C /* sixty */ AND ttlMinutes < 2000L', 'alpha_ b'],
    ["subject_filter = 'my.host.org' -- a comment\n", 'alpha_'],
    ['owner = msmith', 'd g'],
    ["created > '2200-04-29T15:15:00.01+01:00'", 'alpha-'],
  ])('protocol item 7: accepted: %s finds %s', async (text, expected) => {
    expect(await sqlLike(text)).toBe(expected)
  })

  test('protocol item 7: the texts of the list are joined, and blank ones are no search', async () => {
    expect(await sqlLike("owner = 'msmith'", 'AND', 'enabled = TRUE')).toBe('g')
    expect(await sqlLike('', ' ')).toBe('alpha- alpha_ b d g')
  })

  test.each([
    'name IS NULL',
    'name IS NOT NULL',
    "NOT name = 'x'",
    'ttlMinutes > -5',
    'ttlMinutes = 2 + 2',
    'TRUE',
    'name',
    "'x' = name",
    'name = ',
    "name = 'x' AND",
    "(name = 'x'",
    "name = 'x",
    'owner IN ()',
    'owner IN (1)',
    'ttlMinutes BETWEEN 0 AND 10',
    "nothing = 'x'",
    "enabled > 'true'",
    "ttlMinutes = 'x'",
    "name = 'x' /* open",
    'name == 1',
    "name = 'x'; drop table subscription",
  ])('protocol item 7: rejected: %s is 400', async (text) => {
    expect(await sqlLike(text)).toBe('400 NTFAPI_SEARCH_ERROR')
  })

  test.each([[{}], [{ search: [] }], [{ search: ["name = 'x'"], more: 1 }], [{ search: 'name' }], [{ search: [1] }]])(
    'protocol item 7: the body %j is 400',
    async (body) => {
      expect(await found('POST', '/subscriptions/search', body)).toBe('400 TAPIS_JSON_VALIDATION_ERROR')
    },
  )
})
