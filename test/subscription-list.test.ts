import type { Subscription } from '@tidings/contract/subscription.ts'
import { createDatabase } from '@tidings/server/db/database.ts'
import { SCHEMA } from '@tidings/server/db/schema.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { createLog } from '@tidings/server/log.ts'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createApiForFile, envelopeOf, startApiForTest, type CallOptions } from './support/api.ts'
import { createDatabaseForTest } from './support/database.ts'
import { eventually } from './support/service-test.ts'
import { store, type StoredSubscription } from './support/stored-subscriptions.ts'

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
    tenant: 'dev', owner, name, description: null, typeFilter: 'jobs.*.*', subjectFilter: '*', ttlMinutes: 0, enabled: true, expiry: null,
    uuid: `f8c3de3d-1fea-4d7c-a8b0-00000000000${number}`, created: `2026-01-01T00:00:0${number}.000000Z`, updated: `2026-01-02T00:00:0${number}.000000Z`, ...more,
  }
}

const api = createApiForFile()
beforeAll(async () => {
  const gone = [{ ...row('b', 'jdoe', {}), name: 'expired', expiry: '2025-01-01T00:00:00.000000Z' }, { ...row('b', 'jdoe', {}), name: 'ended' }, { ...row('b', 'jdoe', {}), name: 'elsewhere', tenant: 'other' }]
  await store(api.db, [...ROWS, ...gone.map((one, index) => ({ ...one, uuid: one.uuid.replace('f8c3', `000${index}`) }))])
  await api.db.query(sql`update subscription set ended = now(), end_reason = 'deleted' where name = 'ended'`)
})

/** Asks all three endpoints for the same list; the names must be the same. */
async function names(query: string, options: CallOptions = {}): Promise<string> {
  const answers = await Promise.all([
    api.call('GET', `/subscriptions?${query}`, options), api.call('GET', `/subscriptions/search?${query}`, options), api.call('POST', `/subscriptions/search?${query}`, { ...options, body: { search: [' '] } }),
  ])
  const lists = await Promise.all(answers.map(async (answer) => (await envelopeOf<Subscription[]>(answer)).result.map(({ name }) => name).join('')))
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

  test('lists the tenant that the request is made for, for a user his own', async () => {
    expect(await names('', { tenant: 'other' })).toBe('elsewhere')
    expect(await names('', { as: 'user', user: 'eve' })).toBe('e')
    expect(await names('ownedBy=eve', { as: 'user', user: 'eve' })).toBe('e')
  })

  test.each([
    ['ownedBy=jdoe', 'NTFLIB_UNAUTH2'],
    ['anyOwner=true', 'NTFLIB_UNAUTH1'],
  ])('%s by another user is refused', async (query, code) => {
    for (const [method, path, body] of [['GET', '', undefined], ['GET', '/search', undefined], ['POST', '/search', { search: ["name = 'a'"] }]] as const) {
      expect((await envelopeOf(api.call(method, `/subscriptions${path}?${query}`, { as: 'user', user: 'eve', ...(body ? { body } : {}) }), 401)).message).toMatch(new RegExp(`^${code} `))
    }
  })

  test('an administrator may see those of others, but not of all at once', async () => {
    const other = await startApiForTest({ searchDb: api.db, admins: { isAdmin: (tenant, user) => Promise.resolve(tenant === 'dev' && user === 'root') } })
    const options = { as: 'user', user: 'root' } as const
    expect((await envelopeOf<Subscription[]>(other.call('GET', '/subscriptions?ownedBy=jdoe', options))).result).toHaveLength(3)
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
    ['computeTotal=true&orderBy=name&startAfter=a&limit=1', { recordCount: 1, recordLimit: 1, orderBy: 'name', startAfter: 'a', totalCount: 2 }],
    ['computeTotal=true&anyOwner=true&limit=1', { recordCount: 1, recordLimit: 1, totalCount: 5 }],
    ['computeTotal=true&search=(enabled.eq.true)&limit=1', { recordCount: 1, recordLimit: 1, totalCount: 2 }],
    ['computeTotal=1', {}],
    ['computeTotal=', {}],
  ])('%s', async (query, expected) => {
    expect(await metadata(query)).toEqual({ ...plain, ...expected })
  })

  test('counts what a search in the body selects', async () => {
    const { message, metadata: about } = await envelopeOf(api.call('POST', '/subscriptions/search?anyOwner=true&computeTotal=true&limit=1', { body: { search: ['ttlMinutes = 7', "or name = 'd'"] } }))
    expect(about).toEqual({ ...plain, recordCount: 1, recordLimit: 1, totalCount: 3 })
    expect(message).toBe('TAPIS_FOUND Notifications found: 1 subscriptions')
  })
})

test('the list that Jobs asks for, word for word', async () => {
  const { result, metadata } = await envelopeOf<Subscription[]>(api.call('GET', `/subscriptions?search=(subject_filter.eq.${JOB})&limit=100&skip=0&computeTotal=false&select=allAttributes&anyOwner=true`, { user: 'nobody', headers: { 'content-type': 'application/json' } }))
  expect(result.map(({ name, owner, subjectFilter }) => [name, owner, subjectFilter])).toEqual([['b', 'jdoe', JOB], ['d', 'msmith', JOB]])
  expect(Object.keys(result[0] ?? {})).toEqual(['tenant', 'name', 'description', 'owner', 'enabled', 'typeFilter', 'subjectFilter', 'deliveryTargets', 'ttlMinutes', 'uuid', 'expiry', 'created', 'updated'])
  expect(metadata).toEqual({ recordCount: 2, recordLimit: 100, recordsSkipped: 0, orderBy: null, startAfter: null, totalCount: -1 })
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
    (await envelopeOf<Subscription[]>(api.call(method, `/subscriptions${path}`, body ? { body } : {}))).result.map(({ name }) => name).join('')

  test('of a GET /subscriptions those of search', async () => {
    expect(await found('GET', '?search=(name.in.a,c)~(enabled.eq.true)&name.eq=c')).toBe('a')
  })

  test('of a GET /subscriptions/search those of all other parameters, and search does not', async () => {
    expect(await found('GET', '/search?search=(name.eq.b)&name.in=a,c&enabled.eq=true')).toBe('a')
    expect(await found('GET', '/search?name.neq=a&name.neq=b')).toBe('c')
    expect(await found('GET', '/search?freeFormParameterName[subject_filter.eq]=' + JOB + '&anyOwner=true')).toBe('bd')
    expect(await found('GET', '/search?name.eq=d&ownedBy=msmith&tenant=dev&pretty=true&listType=x')).toBe('d')
  })

  test('of a POST those of the body, or those of search when the body has none', async () => {
    expect(await found('POST', '/search?search=(name.eq.b)', { search: ["name IN ('a', 'c')", 'AND enabled = true'] })).toBe('a')
    expect(await found('POST', '/search?search=(name.eq.b)', { search: ['', '  '] })).toBe('b')
    expect(await found('POST', '/search?anyOwner=true', { search: ["owner = 'jdoe' AND name <> 'b' OR subjectFilter =", `'${JOB}'`] })).toBe('bacd')
  })

  test('a subscription may be named search', async () => {
    await envelopeOf(api.call('GET', '/subscriptions/search/isEnabled'), 404)
    await envelopeOf(api.call('GET', '/subscriptions/byName/search'), 404)
  })
})

describe('whatever is wrong is said at once', () => {
  /** Codes and texts of the faults; a fault of the answer's own code comes without it. */
  async function faults(method: 'GET' | 'POST', path: string, body?: object | string): Promise<string[]> {
    const { message, result } = await envelopeOf(api.call(method, `/subscriptions${path}`, body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }), 400)
    expect(result).toBeNull()
    const [sentence = '', ...lines] = message.split('\n')
    return [sentence.split(' ')[0] ?? '', ...lines.map((line) => line.replace(/^ *#\d+ /, ''))]
  }

  test('several parameters and several conditions', async () => {
    expect(await faults('GET', '?limit=x&skip=1.5&orderBy=nothing,name(up)&startAfter=a&search=(name.eq.)~(nothing.lt.1)&select=a&select=b')).toEqual([
      'TAPIS_QUERY_PARAM_MULTIPLE',
      'select is given more than once',
      'TAPIS_QUERY_PARAM_NOTINT limit is no whole number of 32 bits: x',
      'TAPIS_QUERY_PARAM_NOTINT skip is no whole number of 32 bits: 1.5',
      'NTFLIB_DB_NO_COLUMN_SORT orderBy: there is no attribute nothing',
      'TAPIS_QUERY_PARAM_ORDERBY_ERROR orderBy: not of the form attribute(asc) or attribute(desc): name(up)',
      'TAPIS_QUERY_PARAM_INVALID_PAIR2 startAfter and skip exclude each other',
      expect.stringMatching(/^NTFAPI_SEARCH_ERROR SEARCH_COND_INVALID_NOVAL /),
      expect.stringMatching(/^NTFAPI_SEARCH_ERROR NTFLIB_DB_NO_COLUMN /),
    ])
  })

  test.each([
    ['?limit=2147483648', 'TAPIS_QUERY_PARAM_NOTINT'],
    ['?limit=10&limit=10', 'TAPIS_QUERY_PARAM_MULTIPLE'],
    ['?ownedBy=a&ownedBy=a', 'TAPIS_QUERY_PARAM_MULTIPLE'],
    ['?orderBy=name,', 'TAPIS_QUERY_PARAM_ORDERBY_ERROR'],
    ['?orderBy=seq_id', 'NTFLIB_DB_NO_COLUMN_SORT'],
    ['?startAfter=a', 'TAPIS_QUERY_PARAM_INVALID_PAIR1'],
    ['?startAfter=a&orderBy=name&skip=0', 'TAPIS_QUERY_PARAM_INVALID_PAIR2'],
    ['?startAfter=a&orderBy=created', 'NTFAPI_SEARCH_ERROR'],
    ['?search=(name.eq.a', 'NTFAPI_SEARCH_ERROR'],
    ['/search?name=a', 'NTFAPI_SEARCH_ERROR'],
    ['/search?deliveryTargets.eq=a', 'NTFAPI_SEARCH_ERROR'],
  ])('%s', async (path, code) => {
    expect((await faults('GET', path))[0]).toBe(code)
  })

  test.each([
    [undefined, 'TAPIS_JSON_VALIDATION_ERROR'],
    ['{"search":', 'TAPIS_JSON_VALIDATION_ERROR'],
    [{}, 'TAPIS_JSON_VALIDATION_ERROR'],
    [{ search: [] }, 'TAPIS_JSON_VALIDATION_ERROR'],
    [{ search: "name = 'a'" }, 'TAPIS_JSON_VALIDATION_ERROR'],
    [{ search: ['', 1] }, 'TAPIS_JSON_VALIDATION_ERROR'],
    [{ search: [''], more: 1 }, 'TAPIS_JSON_VALIDATION_ERROR'],
    [{ search: ['name ='] }, 'NTFAPI_SEARCH_ERROR'],
    [{ search: ["name = 'a\u0000'"] }, 'NTFAPI_SEARCH_ERROR'],
    [{ search: ['name = \'\ud800\''] }, 'NTFAPI_SEARCH_ERROR'],
  ])('the body %j', async (body, code) => {
    expect((await faults('POST', '/search', body))[0]).toBe(code)
  })

  test('a body and parameters', async () => {
    expect(await faults('POST', '/search?limit=x', { search: 7, more: 1 })).toEqual([
      'TAPIS_JSON_VALIDATION_ERROR', expect.stringContaining('/more'), expect.stringContaining('/search'), 'TAPIS_QUERY_PARAM_NOTINT limit is no whole number of 32 bits: x'])
  })
})

test('a search that takes too long is given up, and stops nothing else', async () => {
  const lists = await createDatabaseForTest({ maxConnections: 4 })
  const searchDb = createDatabase({ url: () => lists.url, schema: SCHEMA, name: 'search', maxConnections: 1, statementTimeoutMs: 1000, answerTimeoutMs: 5000, log: createLog({ level: 'fatal', isTerminal: false }) })
  onTestFinished(() => searchDb.close())
  const other = await startApiForTest({ db: lists, searchDb })
  await store(lists, ROWS)
  await lists.transaction(async (tx) => {
    await tx.query(sql`lock table delivery_target`)
    const slow = other.call('GET', '/subscriptions?select=allAttributes')
    await eventually(() => lists.query(sql`select from pg_stat_activity where datname = current_database() and application_name = 'tidings search' and wait_event_type = 'Lock'`)).toHaveLength(1)
    expect((await envelopeOf<{ changes: number }>(other.call('DELETE', '/subscriptions/byName/a'))).result).toEqual({ changes: 1 })
    expect((await envelopeOf(slow, 503)).message).toMatch(/^NTFAPI_SEARCH_TIMEOUT The search took too long; /)
  })
  expect((await envelopeOf<Subscription[]>(other.call('GET', '/subscriptions?select=allAttributes'))).result).toHaveLength(2)
})
