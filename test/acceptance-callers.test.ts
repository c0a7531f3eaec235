import type { OutgoingHttpHeaders } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from './support/test-app.ts'
import { startSingleSite, type Site } from './support/site.ts'
import { changeEntry, createTenantLists, type TenantLists } from './support/tenants-lists.ts'
import { createSigner, mint, serviceClaims, userClaims, type Signer, type TokenClaims } from './support/tokens.ts'
import { sendExactRequest, type ExactResponse } from './support/exact-request.ts'

const [admin, dev, other] = [createSigner(), createSigner(), createSigner()]
const NOW_S = Math.floor(Date.now() / 1000)
const MEMBERS = ['result', 'status', 'message', 'version', 'commit', 'build', 'metadata']

describe('protocol item 1: the decision table of authentication', () => {
  /** The service at different sites, and with different lists of tenants. */
  const PLACES = {
    dev: { siteId: 'dev', edit: () => undefined },
    elsewhere: { siteId: 'elsewhere', edit: () => undefined },
    branch: {
      siteId: 'branch',
      edit: (lists: TenantLists) => changeEntry(lists.sites, 'branch', { services: ['notifications'] }),
    },
    idle: { siteId: 'dev', edit: (lists: TenantLists) => changeEntry(lists.sites, 'dev', { services: ['jobs'] }) },
    shared: {
      siteId: 'dev',
      edit: (lists: TenantLists) => changeEntry(lists.sites, 'branch', { services: ['notifications'] }),
    },
  } as const
  type Place = keyof typeof PLACES

  interface Attempt {
    readonly at?: Place
    readonly claims?: TokenClaims
    readonly headers?: OutgoingHttpHeaders
    readonly signer?: Signer
    readonly token?: (claims: TokenClaims) => string
  }

  let sites: Readonly<Record<string, Site>>
  beforeAll(async () => {
    const started = Object.entries(PLACES).map(async ([name, { siteId, edit }]) => {
      const lists = createTenantLists({ admin, dev, other })
      edit(lists)
      return [name, await startSingleSite(lists, siteId)] as const
    })
    sites = Object.fromEntries(await Promise.all(started))
  })
  afterAll(() => Promise.all(Object.values(sites).map((site) => site.stop())))

  function call(
    kind: 'user' | 'service',
    { at = 'dev', claims = {}, headers = {}, signer, token }: Attempt,
  ): Promise<ExactResponse> {
    const all = kind === 'user' ? userClaims(claims) : serviceClaims(claims)
    const signed = token ? token(all) : mint(signer ?? (kind === 'user' ? dev : admin), all)
    const obo = kind === 'user' ? {} : { 'X-Tapis-User': 'jdoe', 'X-Tapis-Tenant': 'dev' }
    const sent = Object.entries({ 'X-Tapis-Token': signed, ...obo, ...headers }).filter(
      ([, value]) => value !== undefined,
    )
    return sendExactRequest(sites[at]?.url ?? '', 'GET', '/subscriptions', Object.fromEntries(sent))
  }

  const within = (tenant: string): Attempt => ({
    claims: { 'tapis/tenant_id': tenant },
    signer: other,
    headers: { 'X-Tapis-Tenant': tenant },
  })

  const FOR_BOTH: readonly (readonly [row: string, expected: string, attempt: Attempt])[] = [
    ['3: the own site is unknown', '500 UNINITIALIZED_FILTER', { at: 'elsewhere' }],
    ['4: no token', '401 MISSING_JWT_INFO', { headers: { 'X-Tapis-Token': undefined } }],
    ['4: a blank token', '401 MISSING_JWT_INFO', { headers: { 'X-Tapis-Token': ' ' } }],
    ['5: no token at all in it', '401 JWT_PARSE_ERROR', { token: () => 'Bearer x' }],
    ['5: expired', '401 JWT_EXPIRED', { claims: { exp: NOW_S - 1 } }],
    ['5: not valid yet', '401 JWT_EXPIRED', { claims: { nbf: NOW_S + 600 } }],
    ['6: no claims', '401 JWT_NO_CLAIMS', { token: () => mint(dev, {}) }],
    ['7: no tenant', '401 JWT_CLAIM_NOT_FOUND', { claims: { 'tapis/tenant_id': ' ' } }],
    ['8: alg none', '401 JWT_INVALID_ALG', { token: (claims) => mint(dev, claims, { alg: 'none' }) }],
    ['9: unknown tenant', '401 JWT_KEY_ERROR', { claims: { 'tapis/tenant_id': 'unknown' } }],
    ['9: a key that cannot be read', '401 JWT_KEY_ERROR', { claims: { 'tapis/tenant_id': 'keyless' } }],
    ['10: another signature', '401 JWT_PARSE_ERROR', { signer: other }],
    ['11: a refresh token', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/token_type': 'refresh' } }],
    ['12: another account type', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/account_type': 'robot' } }],
    ['13: a blank name', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/username': ' ' } }],
    [
      '14: delegated by nobody',
      '401 JWT_INVALID_CLAIM',
      { claims: { 'tapis/delegation': true, 'tapis/delegation_sub': ' @dev' } },
    ],
    [
      '15: delegated in a tenant that is not allowed',
      '401 TENANT_NOT_ALLOWED',
      { claims: { 'tapis/delegation': true, 'tapis/delegation_sub': 'jdoe@unknown' } },
    ],
    ['25: the tenant has no site', '401 JWT_MISSING_SITE', within('homeless')],
    [
      '26: from one associate site to another',
      '401 INTERSITE_COMM',
      {
        ...within('third-admin'),
        at: 'branch',
        claims: { 'tapis/tenant_id': 'third-admin', 'tapis/target_site': 'branch' },
      },
    ],
    ['27: no notifications at this site', '401 NO_LOCAL_SERVICE', { at: 'idle' }],
    ['28: the site of the tenant is unknown', '401 UNKNOWN_SITE', within('ghost')],
    ['28: the site of the tenant runs its own', '401 SOURCE_SITE_SERVICE', { ...within('lab'), at: 'shared' }],
    ['nothing is wrong', '200 TAPIS_FOUND', {}],
  ]
  const FOR_SERVICES: typeof FOR_BOTH = [
    ['16: no X-Tapis-User', '401 MISSING_HEADER', { headers: { 'X-Tapis-User': undefined } }],
    ['17: a blank X-Tapis-Tenant', '401 MISSING_HEADER', { headers: { 'X-Tapis-Tenant': ' ' } }],
    [
      '18: a tenant that it may not act for',
      '401 TENANT_NOT_ALLOWED',
      { ...within('branch-admin'), headers: { 'X-Tapis-Tenant': 'dev' } },
    ],
    ['19: no target site', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/target_site': undefined } }],
    ['20: another target site', '401 JWT_WRONG_SITE', { claims: { 'tapis/target_site': 'branch' } }],
    ['21: a banned service', '401 TENANT_NOT_ALLOWED', { claims: { 'tapis/username': 'dnasubway' } }],
  ]
  const FOR_USERS: typeof FOR_BOTH = [
    [
      '22: the tenant of the site administrators',
      '401 USER_IN_ADMIN_TENANT',
      { claims: { 'tapis/tenant_id': 'admin' }, signer: admin },
    ],
    ['23: X-Tapis-User', '401 UNEXPECTED_HEADER', { headers: { 'X-Tapis-User': 'jdoe' } }],
    ['24: X-Tapis-Tenant', '401 UNEXPECTED_HEADER', { headers: { 'X-Tapis-Tenant': 'dev' } }],
    [
      '23: X-Tapis-User after 2,100 others',
      '401 UNEXPECTED_HEADER',
      {
        headers: {
          ...Object.fromEntries(Array.from({ length: 2100 }, (_, index) => [index.toString(36), ''])),
          'X-Tapis-User': 'jdoe',
        },
      },
    ],
    [
      '23 and 24: blank headers count as absent',
      '200 TAPIS_FOUND',
      { headers: { 'X-Tapis-User': ' ', 'X-Tapis-Tenant': '' } },
    ],
  ]

  test.each([
    ...FOR_BOTH.map((row) => ['service', ...row] as const),
    ...FOR_SERVICES.map((row) => ['service', ...row] as const),
    // With a user token the header that makes a service act in its tenant would itself be rejected.
    ...FOR_BOTH.map(
      ([row, expected, { headers, ...attempt }]) =>
        ['user', row, expected, { ...attempt, headers: headers?.['X-Tapis-Tenant'] ? {} : (headers ?? {}) }] as const,
    ),
    ...FOR_USERS.map((row) => ['user', ...row] as const),
  ])('protocol item 1: %s token, row %s: %s', async (kind, _row, expected, attempt) => {
    const { status, contentType, envelope } = await call(kind, attempt)
    expect([`${status} ${envelope.message.split(' ')[0]?.replace('TAPIS_SECURITY_', '')}`, contentType]).toEqual([
      expected,
      'application/json',
    ])
    expect(Object.keys(envelope)).toEqual(MEMBERS)
  })

  test('protocol item 1: header names are case-insensitive', async () => {
    const headers = { 'x-TAPIS-token': mint(admin, serviceClaims()), 'X-TAPIS-USER': 'jdoe', 'x-tapis-tenant': 'dev' }
    expect((await sendExactRequest(sites.dev?.url ?? '', 'GET', '/subscriptions', headers)).status).toBe(200)
  })

  test('protocol item 1: a name with a comma is one name; of a repeated header the first value counts', async () => {
    const oboUser = async (user: string | string[]) => {
      const headers = { 'X-Tapis-Token': mint(admin, serviceClaims()), 'X-Tapis-User': user, 'X-Tapis-Tenant': 'dev' }
      const { envelope } = await sendExactRequest(sites.dev?.url ?? '', 'GET', '/subscriptions/byName/none', headers)
      return /OboUser: (.*) Owner: (.*) Subscription: none$/.exec(envelope.message)?.slice(1)
    }
    expect(await oboUser('Doe, John')).toEqual(['Doe, John', 'Doe, John'])
    expect(await oboUser(['Doe, John', 'root'])).toEqual(['Doe, John', 'Doe, John'])
  })
})

describe('protocol items 2 and 3', () => {
  let app: TestApp
  let identity: OutgoingHttpHeaders
  beforeAll(async () => {
    app = await startApp()
    identity = {
      'X-Tapis-Token': await app.tokenOf({ kind: 'service', name: 'jobs' }),
      'X-Tapis-User': 'jdoe',
      'X-Tapis-Tenant': 'dev',
      'Content-Type': 'application/json',
    }
  })
  afterAll(() => app.stop())

  const call = (method: string, path: string, body?: unknown) =>
    sendExactRequest(app.url, method, path, identity, body === undefined ? undefined : JSON.stringify(body))
  const subscribe = (name: string) =>
    call('POST', '/subscriptions', {
      name,
      typeFilter: 'jobs.*.*',
      subjectFilter: name,
      deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: 'http://127.0.0.1:9/' }],
    })

  test('protocol item 2: an empty body of type application/json is no body where an operation takes none', async () => {
    for (const name of ['by-name', 'by-uuid', 'by-subject']) await subscribe(name)
    const { uuid } = (await call('GET', '/subscriptions/byName/by-uuid')).envelope.result as { uuid: string }
    const calls = [
      ['POST', '/subscriptions/by-name/enable'],
      ['POST', '/subscriptions/by-name/disable'],
      ['POST', '/subscriptions/by-name/updateTTL/60'],
      ['GET', '/subscriptions/by-name/isEnabled'],
      ['DELETE', '/subscriptions/byName/by-name'],
      ['DELETE', `/subscriptions/byUuid/${uuid}`],
      ['DELETE', '/subscriptions/bySubject/by-subject'],
    ] as const
    for (const [method, path] of calls) {
      const { status, envelope } = await call(method, path)
      expect([path, status, envelope.result]).toEqual([path, 200, method === 'GET' ? { aBool: false } : { changes: 1 }])
    }
  })

  test('protocol item 3: every response is an envelope, members in order, nulls written; 201 and 200', async () => {
    const created = await subscribe('three')
    const published = await call('POST', '/events/publish', { source: 's', type: 'jobs.A.B', timestamp: 't' })
    const ended = await call('POST', '/events/endSeries', { source: 's', subject: 's', seriesId: 's' })
    const listed = await call('GET', '/subscriptions')
    const answers = {
      created,
      published,
      ended,
      listed,
      one: await call('GET', '/subscriptions/byName/three'),
      absent: await call('GET', '/subscriptions/byName/none'),
      taken: await subscribe('three'),
      invalid: await call('POST', '/events', {}),
      nowhere: await call('GET', '/nowhere'),
      method: await call('PUT', '/subscriptions'),
      begun: await call('POST', '/test/begin'),
    }
    expect(Object.fromEntries(Object.entries(answers).map(([name, { status }]) => [name, status]))).toEqual({
      created: 201,
      published: 200,
      ended: 200,
      listed: 200,
      one: 200,
      absent: 404,
      taken: 409,
      invalid: 400,
      nowhere: 404,
      method: 405,
      begun: 201,
    })
    for (const { envelope, contentType } of Object.values(answers)) {
      expect([Object.keys(envelope), contentType]).toEqual([MEMBERS, 'application/json'])
      expect(envelope.status).toMatch(/^(success|error)$/)
    }
    expect(published.envelope.result).toEqual({ uuid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string })
    expect(ended.text).toMatch(/^\{"result":null,"status":"success",/)
    expect(answers.absent.text).toMatch(/"result":null,.*"metadata":null\}$/)
    expect(answers.one.envelope.result).toMatchObject({ description: null })
    expect(answers.listed.envelope.metadata).toMatchObject({ totalCount: -1 })
  })

  test('protocol item 3: health and readiness have the seven members in their own order, on one line', async () => {
    for (const path of ['/healthcheck', '/readycheck']) {
      const { status, text, envelope } = await sendExactRequest(app.url, 'GET', path)
      expect([status, Object.keys(envelope), text.includes('\n')]).toEqual([
        200,
        ['status', 'message', 'version', 'commit', 'build', 'metadata', 'result'],
        false,
      ])
    }
  })
})
