import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sendCheckedRequest } from './support/checked-request.ts'
import { mint } from './support/tokens.ts'
import { callersOf, serviceOf, startTwoSites, type TwoSites } from './support/two-sites.ts'

const OF_TB = 'secret-of-tb'
const OF_CAROL = 'secret-of-carol'
const NO_UUID = '00000000-0000-4000-8000-000000000000'

interface Row {
  readonly uuid: string
  readonly owner: string
}

let sites: TwoSites
let callers: ReturnType<typeof callersOf>
let uuids = { carol: '', eve: '' }
beforeAll(async () => {
  sites = await startTwoSites()
  callers = callersOf(sites)
  const rows = {
    ta: [
      ['bob', 'of-bob'],
      ['carol', OF_CAROL],
    ],
    tb: [
      ['eve', `${OF_TB}-eve`],
      ['bob', `${OF_TB}-bob`],
      ['bob', 'of-bob-in-tb'],
    ],
  } as const
  for (const [tenant, subscriptions] of Object.entries(rows)) {
    for (const [owner, name] of subscriptions) {
      const { status } = await ask('POST', '/subscriptions', callers.service(tenant, owner), {
        name,
        description: `${name} described`,
        typeFilter: 'jobs.*.*',
        subjectFilter: `${name}-subject`,
        deliveryTargets: [{ deliveryMethod: 'EMAIL', deliveryAddress: `${name}@example.org` }],
      })
      expect(status).toBe(201)
    }
  }
  const uuidOf = async (tenant: string, wanted: string) =>
    (
      (await ask('GET', '/subscriptions?anyOwner=true&select=allAttributes', callers.service(tenant, 'bob'))).envelope
        .result as readonly Row[]
    ).find(({ owner }) => owner === wanted)?.uuid ?? ''
  uuids = { carol: await uuidOf('ta', 'carol'), eve: await uuidOf('tb', 'eve') }
})
afterAll(() => sites.stop())

const ask = (method: string, path: string, headers: Readonly<Record<string, string>>, body?: object) =>
  sendCheckedRequest(sites.url, method, path, headers, body)

/** Callers, and what each must never see. */
const ASKING = [
  ['a user', () => callers.user('bob', 'ta'), [OF_TB, OF_CAROL]],
  ['an administrator', () => callers.user('alice', 'ta'), [OF_TB]],
  ['a service', () => callers.service('ta', 'bob'), [OF_TB]],
  [
    'a user of the same name in the other tenant',
    () => callers.user('bob', 'tb'),
    [OF_CAROL, 'of-bob described', `${OF_TB}-eve`],
  ],
] as const

/** Ranges of a request: they must not widen what is visible. */
const VARIANTS = [
  '',
  'select=allAttributes',
  'computeTotal=true',
  'computeTotal=true&limit=0',
  'computeTotal=true&limit=-1',
  'orderBy=tenant(desc)',
  'orderBy=tenant&startAfter=ta',
  'orderBy=created&startAfter=1999',
  'orderBy=owner(desc)&startAfter=zzz',
  'skip=0&limit=1000000',
  'ownedBy=bob',
  'ownedBy=*',
  'ownedBy=%25',
  'ownedBy=%27%20or%201%3D1',
  'limit=-1&skip=-5',
]
const conditions = () => [
  'tenant.eq.tb',
  'tenant.neq.ta',
  'tenant.like.*',
  'tenant.in.ta,tb',
  'owner.eq.eve',
  'owner.like.*',
  'owner.neq.bob',
  'name.like.*',
  `uuid.eq.${uuids.eve}`,
  `uuid.eq.${uuids.carol}`,
  `uuid.in.${uuids.eve},${uuids.carol}`,
  'description.like.*',
  'subject_filter.like.*',
  'created.gt.2000',
  'expiry.gt.2000',
  'enabled.eq.true',
  'ttlminutes.gt.0',
  'name.nlike.zzz',
  'name.between.A,zzzz',
  'tenant.eq.tb)~(owner.eq.eve',
]
const sentences = () => [
  "tenant = 'tb'",
  "tenant <> 'ta'",
  "tenant LIKE '%'",
  "tenant = 'ta' OR tenant = 'tb'",
  "owner = 'eve' OR owner LIKE '%'",
  "name LIKE '%' OR 1 = 1",
  `uuid = '${uuids.eve}'`,
  `uuid = '${uuids.carol}'`,
  "owner = 'carol'",
  "name = 'x'' OR ''1''=''1'",
  "name = 'x' OR tenant = 'tb' AND owner = 'eve'",
  "(name = 'x') OR (tenant='tb')",
  "name LIKE '%' -- and",
  "name LIKE '%' /* */ OR tenant = 'tb'",
  "name IN ('x') OR owner IN ('carol','eve')",
  "name BETWEEN 'A' AND 'zzz'",
  "name <> 'x'; drop table subscription",
  "name NOT LIKE 'zz' OR name LIKE '%'",
]
const OWNERS = ['carol', 'eve', 'CAROL', 'bob%00', 'bob,carol', '*', '', ' ', '${apiUserId}', '__proto__']

describe.each(ASKING)('%s', (_who, headers, forbidden) => {
  /** What in the response reveals something, or is not a correct response. */
  async function leaks(method: string, path: string, body?: object): Promise<readonly string[]> {
    const { status, text } = await ask(method, path, headers(), body)
    const { result, metadata } = JSON.parse(text) as {
      result: unknown
      metadata: { recordCount: number; totalCount: number } | null
    }
    const place = `${method} ${path} ${body ? JSON.stringify(body) : ''} ${status}`
    const told = JSON.stringify(result)
    const counted =
      metadata && metadata.totalCount >= 0 && !path.includes('limit=0') && metadata.totalCount !== metadata.recordCount
    return [
      ...(status >= 500 ? [place] : []),
      ...forbidden.filter((secret) => told.includes(secret)).map((secret) => `${place} tells ${secret}`),
      ...(counted ? [`${place} counts more than it shows`] : []),
    ]
  }

  test('no search reveals or counts what belongs to others', async () => {
    const found: string[] = []
    let asked = 0
    const look = async (...request: Parameters<typeof leaks>) => {
      asked += 1
      found.push(...(await leaks(...request)))
    }
    for (const variant of VARIANTS) {
      for (const condition of conditions()) {
        await look('GET', `/subscriptions?search=${encodeURIComponent(`(${condition})`)}&${variant}`)
        const [, attribute = '', operator = '', value = ''] = /^(\w+)\.(\w+)\.(.*)$/.exec(condition) ?? []
        await look('GET', `/subscriptions/search?${attribute}.${operator}=${encodeURIComponent(value)}&${variant}`)
      }
      for (const sentence of sentences()) await look('POST', `/subscriptions/search?${variant}`, { search: [sentence] })
    }
    expect(found).toEqual([])
    expect(asked).toBe(VARIANTS.length * (2 * conditions().length + sentences().length))
  }, 120_000)

  test('no requested owner, name or uuid gives access to what belongs to others', async () => {
    const paths = [
      '/subscriptions?ownedBy=',
      `/subscriptions/byName/${OF_CAROL}?ownedBy=`,
      `/subscriptions/${OF_CAROL}/isEnabled?ownedBy=`,
      `/subscriptions/byName/${OF_TB}-eve?ownedBy=`,
    ]
    const asked = [
      ...OWNERS.flatMap((owner) => paths.map((path) => path + encodeURIComponent(owner))),
      `/subscriptions/byUuid/${uuids.carol}`,
      `/subscriptions/byUuid/${uuids.eve}`,
      '/subscriptions?anyOwner=true',
      '/subscriptions?anyOwner=true&ownedBy=bob',
    ]
    const found: string[] = []
    for (const path of asked) found.push(...(await leaks('GET', path)))
    expect(found).toEqual([])
  })
})

test('what belongs to others looks like what does not exist', async () => {
  const bob = callers.user('bob', 'ta')
  const told = async (path: string, name: string) => {
    const { status, text } = await ask('GET', path.replace('NAME', name), bob)
    return [status, text.replaceAll(name, 'NAME')]
  }
  for (const uuid of [uuids.eve, uuids.carol])
    expect(await told('/subscriptions/byUuid/NAME', uuid)).toEqual(await told('/subscriptions/byUuid/NAME', NO_UUID))
  expect(await told('/subscriptions/byName/NAME?ownedBy=carol', OF_CAROL)).toEqual(
    await told('/subscriptions/byName/NAME?ownedBy=carol', 'nothing'),
  )
})

const EVENT = { source: 's', type: 'jobs.a.b', timestamp: '2026-01-01T00:00:00Z' }

test.each([
  ['tb', 200],
  ['ta', 200],
  ['', 200],
  ['tx', 200],
  ['nope', 401],
  ['TA', 401],
  ['__proto__', 401],
])('a service of the primary site publishes for the tenant "%s": %s', async (tenant, status) => {
  expect((await ask('POST', `/events/publish?tenant=${tenant}`, callers.service('ta', 'bob'), EVENT)).status).toBe(
    status,
  )
})

test.each([
  ['ta', 200],
  ['tb', 401],
  ['tx', 401],
  ['nope', 401],
])('a service whose token is of ta publishes for the tenant "%s": %s', async (tenant, status) => {
  const headers = {
    ...callers.service('ta', 'bob'),
    'X-Tapis-Token': mint(sites.keys.ta, serviceOf('jobs', { 'tapis/tenant_id': 'ta' })),
  }
  expect((await ask('POST', `/events/publish?tenant=${tenant}`, headers, EVENT)).status).toBe(status)
})
