import type { Subscription } from '@tidings/contract/subscription.ts'
import { createDatabase } from '@tidings/server/db/database.ts'
import { SCHEMA } from '@tidings/server/db/schema-name.ts'
import { createLog } from '@tidings/server/log.ts'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ALL_MEMBERS } from './support/subscription-calls.ts'
import { createApiForFile, envelopeOf, startApiForTest, type CallOptions } from './support/test-api.ts'
import { createDatabaseForTest } from './support/test-database.ts'
import { eventually } from './support/service-fixtures.ts'
import { endSubscriptions, lockTargets, storeSubscriptions, type StoredSubscription } from './support/stored-state.ts'
import { sessionsWaitingForLock } from './support/database-sessions.ts'

const JOB = 'ef9004c3-09d5-41d5-acd3-be7c9fd3daf6-007'

/** In the order of their creation: b, a, c of jdoe, d of msmith, e of eve. */
const ROWS: readonly StoredSubscription[] = [
  row('b', 'jdoe', { subjectFilter: JOB, typeFilter: 'jobs.JOB_NEW_STATUS.*' }),
  row('a', 'jdoe', { description: 'first', ttlMinutes: 7 }),
  row('c', 'jdoe', { enabled: false, expiry: '2924-01-01T00:00:00.000000Z' }),
  row('d', 'msmith', { subjectFilter: JOB }),
  row('e', 'eve', { ttlMinutes: 7 }),
]

function row(name: string, owner: string, more: Partial<StoredSubscription>): StoredSubscription {
  const number = ['b', 'a', 'c', 'd', 'e'].indexOf(name)
  return {
    tenant: 'dev',
    owner,
    name,
    description: null,
    typeFilter: 'jobs.*.*',
    subjectFilter: '*',
    ttlMinutes: 0,
    enabled: true,
    expiry: null,
    uuid: `f8c3de3d-1fea-4d7c-a8b0-00000000000${number}`,
    created: `2026-01-01T00:00:0${number}.000000Z`,
    updated: `2026-01-02T00:00:0${number}.000000Z`,
    ...more,
  }
}

const api = createApiForFile()
beforeAll(async () => {
  const gone = [
    { ...row('b', 'jdoe', {}), name: 'expired', expiry: '2025-01-01T00:00:00.000000Z' },
    { ...row('b', 'jdoe', {}), name: 'ended' },
    { ...row('b', 'jdoe', {}), name: 'elsewhere', tenant: 'other' },
  ]
  await storeSubscriptions(api.db, [
    ...ROWS,
    ...gone.map((one, index) => ({ ...one, uuid: one.uuid.replace('f8c3', `000${index}`) })),
  ])
  await endSubscriptions(api.db, { name: 'ended', reason: 'deleted' })
})

/** Asks all three endpoints for the same list; the names must be the same. */
async function names(query: string, options: CallOptions = {}): Promise<string> {
  const answers = await Promise.all([
    api.call('GET', `/subscriptions?${query}`, options),
    api.call('GET', `/subscriptions/search?${query}`, options),
    api.call('POST', `/subscriptions/search?${query}`, { ...options, body: { search: [' '] } }),
  ])
  const lists = await Promise.all(
    answers.map(async (answer) => (await envelopeOf<Subscription[]>(answer)).result.map(({ name }) => name).join('')),
  )
  expect(new Set(lists).size).toBe(1)
  return lists[0] ?? ''
}

describe('all three endpoints', () => {
  test.each([
    ['', 'bac'],
    ['limit=2', 'ba'],
    ['limit=2&skip=1', 'ac'],
    ['limit=0', ''],
    ['limit=-1&skip=2', 'bac'],
    ['limit=-7', 'bac'],
    ['skip=-5', 'bac'],
    ['skip=3', ''],
    ['orderBy=name', 'abc'],
    ['orderBy=name(desc)', 'cba'],
    ['orderBy=NAME()', 'abc'],
    ['orderBy=created(desc)', 'cab'],
    ['orderBy=ttl_minutes,name(desc)', 'cba'],
    ['orderBy=expiry', 'cba'],
    ['orderBy=description(desc)', 'bca'],
    ['orderBy=uuid(desc)', 'cab'],
    ['orderBy=type_filter1,typeFilter2', 'acb'],
    ['orderBy=name&startAfter=a', 'bc'],
    ['orderBy=name(desc)&startAfter=b', 'a'],
    ['orderBy=name&startAfter=a&limit=1&skip=', 'b'],
    ['orderBy=created&startAfter=2026-01-01T00:00:00.5Z', 'ac'],
    ['orderBy=expiry(desc)&startAfter=2999', 'c'],
    ['orderBy=enabled&startAfter=false', 'ba'],
    ['ownedBy=msmith', 'd'],
    ['ownedBy=nobody', ''],
    ['anyOwner=true', 'bacde'],
    ['anyOwner=TRUE&ownedBy=msmith&orderBy=owner(desc),name', 'dabce'],
    ['anyOwner=yes&ownedBy=msmith', 'd'],
    ['orderBy=&startAfter=&search=&limit=-1&skip=-1', 'bac'],
    ['LIMIT=1&Skip=1', 'bac'],
  ])('%s', async (query, expected) => {
    expect(await names(query)).toBe(expected)
  })

  test('lists the tenant that the request is made for; for a user, their own subscriptions', async () => {
    expect(await names('', { tenant: 'other' })).toBe('elsewhere')
    expect(await names('', { as: 'user', user: 'eve' })).toBe('e')
    expect(await names('ownedBy=eve', { as: 'user', user: 'eve' })).toBe('e')
  })

  test.each([
    ['ownedBy=jdoe', 'NTFLIB_UNAUTH2'],
    ['anyOwner=true', 'NTFLIB_UNAUTH1'],
  ])('%s by another user is rejected', async (query, code) => {
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['GET', '/search', undefined],
      ['POST', '/search', { search: ["name = 'a'"] }],
    ] as const) {
      expect(
        (
          await envelopeOf(
            api.call(method, `/subscriptions${path}?${query}`, { as: 'user', user: 'eve', ...(body ? { body } : {}) }),
            401,
          )
        ).message,
      ).toMatch(new RegExp(`^${code} `))
    }
  })

  test('an administrator may see those of others, but not of all at once', async () => {
    const other = await startApiForTest({
      searchDb: api.db,
      admins: { isAdmin: (tenant, user) => Promise.resolve(tenant === 'dev' && user === 'root') },
    })
    const options = { as: 'user', user: 'root' } as const
    expect(
      (await envelopeOf<Subscription[]>(other.call('GET', '/subscriptions?ownedBy=jdoe', options))).result,
    ).toHaveLength(3)
    await envelopeOf(other.call('GET', '/subscriptions?anyOwner=true', options), 401)
  })
})

describe('metadata', () => {
  const metadata = async (query: string) => (await envelopeOf(api.call('GET', `/subscriptions?${query}`))).metadata
  const plain = { recordCount: 3, recordLimit: 100, recordsSkipped: 0, orderBy: null, startAfter: null, totalCount: -1 }

  test.each([
    ['', {}],
    ['limit=1&skip=1', { recordCount: 1, recordLimit: 1, recordsSkipped: 1 }],
    ['limit=-1&skip=-1', { recordLimit: -1, recordsSkipped: -1 }],
    ['limit=-1&skip=2', { recordLimit: -1, recordsSkipped: 2 }],
    ['orderBy=%20name(DESC)%20&limit=2', { recordCount: 2, recordLimit: 2, orderBy: ' name(DESC) ' }],
    ['orderBy=name&startAfter=b', { recordCount: 1, orderBy: 'name', startAfter: 'b' }],
    ['computeTotal=true&limit=1&skip=1', { recordCount: 1, recordLimit: 1, recordsSkipped: 1, totalCount: 3 }],
    ['computeTotal=true&limit=0', { recordCount: 0, recordLimit: 0, totalCount: 3 }],
    ['computeTotal=true&limit=-1', { recordLimit: -1, totalCount: 3 }],
    [
      'computeTotal=true&orderBy=name&startAfter=a&limit=1',
      { recordCount: 1, recordLimit: 1, orderBy: 'name', startAfter: 'a', totalCount: 2 },
    ],
    ['computeTotal=true&anyOwner=true&limit=1', { recordCount: 1, recordLimit: 1, totalCount: 5 }],
    ['computeTotal=true&search=(enabled.eq.true)&limit=1', { recordCount: 1, recordLimit: 1, totalCount: 2 }],
    ['computeTotal=1', {}],
    ['computeTotal=', {}],
  ])('%s', async (query, expected) => {
    expect(await metadata(query)).toEqual({ ...plain, ...expected })
  })

  test('counts what a search in the body selects', async () => {
    const { message, metadata: about } = await envelopeOf(
      api.call('POST', '/subscriptions/search?anyOwner=true&computeTotal=true&limit=1', {
        body: { search: ['ttlMinutes = 7', "or name = 'd'"] },
      }),
    )
    expect(about).toEqual({ ...plain, recordCount: 1, recordLimit: 1, totalCount: 3 })
    expect(message).toBe('TAPIS_FOUND Notifications found: 1 subscriptions')
  })
})

test('the list that Jobs asks for, word for word', async () => {
  const { result, metadata } = await envelopeOf<Subscription[]>(
    api.call(
      'GET',
      `/subscriptions?search=(subject_filter.eq.${JOB})&limit=100&skip=0&computeTotal=false&select=allAttributes&anyOwner=true`,
      { user: 'nobody', headers: { 'content-type': 'application/json' } },
    ),
  )
  expect(result.map(({ name, owner, subjectFilter }) => [name, owner, subjectFilter])).toEqual([
    ['b', 'jdoe', JOB],
    ['d', 'msmith', JOB],
  ])
  expect(Object.keys(result[0] ?? {})).toEqual(ALL_MEMBERS)
  expect(metadata).toEqual({
    recordCount: 2,
    recordLimit: 100,
    recordsSkipped: 0,
    orderBy: null,
    startAfter: null,
    totalCount: -1,
  })
})

test.each([
  ['', ['owner', 'name', 'typeFilter', 'subjectFilter']],
  ['select=', ['owner', 'name', 'typeFilter', 'subjectFilter']],
  ['select=enabled,nonsense,expiry', ['name', 'enabled', 'expiry']],
  ['select=deliveryTargets', ['name', 'deliveryTargets']],
])('a row has what is selected: %s', async (query, members) => {
  const { result } = await envelopeOf<Subscription[]>(api.call('GET', `/subscriptions?${query}`))
  expect(result.map((one) => Object.keys(one))).toEqual([members, members, members])
})

describe('which conditions count', () => {
  const found = async (method: 'GET' | 'POST', path: string, body?: object) =>
    (await envelopeOf<Subscription[]>(api.call(method, `/subscriptions${path}`, body ? { body } : {}))).result
      .map(({ name }) => name)
      .join('')

  test('in GET /subscriptions those of search', async () => {
    expect(await found('GET', '?search=(name.in.a,c)~(enabled.eq.true)&name.eq=c')).toBe('a')
  })

  test('in GET /subscriptions/search those of all other parameters, but not search', async () => {
    expect(await found('GET', '/search?search=(name.eq.b)&name.in=a,c&enabled.eq=true')).toBe('a')
    expect(await found('GET', '/search?name.neq=a&name.neq=b')).toBe('c')
    expect(await found('GET', '/search?freeFormParameterName[subject_filter.eq]=' + JOB + '&anyOwner=true')).toBe('bd')
    expect(await found('GET', '/search?name.eq=d&ownedBy=msmith&tenant=dev&pretty=true&listType=x')).toBe('d')
  })

  test('in POST those of the body, or those of search when the body has none', async () => {
    expect(
      await found('POST', '/search?search=(name.eq.b)', { search: ["name IN ('a', 'c')", 'AND enabled = true'] }),
    ).toBe('a')
    expect(await found('POST', '/search?search=(name.eq.b)', { search: ['', '  '] })).toBe('b')
    expect(
      await found('POST', '/search?anyOwner=true', {
        search: ["owner = 'jdoe' AND name <> 'b' OR subjectFilter =", `'${JOB}'`],
      }),
    ).toBe('bacd')
  })

  test('a subscription may be named search', async () => {
    await envelopeOf(api.call('GET', '/subscriptions/search/isEnabled'), 404)
    await envelopeOf(api.call('GET', '/subscriptions/byName/search'), 404)
  })
})

test('a search that takes too long is cancelled, and stops nothing else', async () => {
  const lists = await createDatabaseForTest({ maxConnections: 4 })
  const searchDb = createDatabase({
    url: () => lists.url,
    schema: SCHEMA,
    name: 'search',
    maxConnections: 1,
    statementTimeoutMs: 1000,
    answerTimeoutMs: 5000,
    log: createLog({ level: 'fatal', isTerminal: false }),
  })
  onTestFinished(() => searchDb.close())
  const other = await startApiForTest({ db: lists, searchDb })
  await storeSubscriptions(lists, ROWS)
  await lists.transaction(async (tx) => {
    await lockTargets(tx)
    const slow = other.call('GET', '/subscriptions?select=allAttributes')
    await eventually(() => sessionsWaitingForLock(lists, 'tidings search')).toHaveLength(1)
    expect((await envelopeOf<{ changes: number }>(other.call('DELETE', '/subscriptions/byName/a'))).result).toEqual({
      changes: 1,
    })
    expect((await envelopeOf(slow, 503)).message).toMatch(/^NTFAPI_SEARCH_TIMEOUT The search took too long; /)
  })
  expect(
    (await envelopeOf<Subscription[]>(other.call('GET', '/subscriptions?select=allAttributes'))).result,
  ).toHaveLength(2)
})
