import { once } from 'node:events'
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { createAuthenticator } from '../server/api/auth/caller.ts'
import { createTenants } from '../server/api/auth/tenants-in-force.ts'
import { readLists } from '../server/api/auth/tenants-shape.ts'
import { AppError } from '../server/errors.ts'
import { createLog } from '../server/log.ts'
import { change, createLists, type Lists } from './support/tenants-lists.ts'
import { createSigner, mint, serviceClaims, tampered, userClaims, type Signer, type TokenClaims } from './support/tokens.ts'

type Kind = 'user' | 'service'

/** A request that is right but for what a row of the table changes. */
interface Attempt {
  claims?: TokenClaims
  headers?: IncomingHttpHeaders
  token?: (claims: TokenClaims) => string
  signer?: Signer
  lists?: (lists: Lists) => void
  siteId?: string
}

const [admin, dev, other] = [createSigner(), createSigner(), createSigner()]
const log = createLog({ level: 'silent', isTerminal: false })
const NOW_S = Math.floor(Date.now() / 1000)

async function authenticatorFor({ lists: edit = () => undefined, siteId = 'dev' }: Pick<Attempt, 'lists' | 'siteId'> = {}, clock?: () => number) {
  const lists = createLists({ admin, dev, other })
  edit(lists)
  const initial = { ...(await readLists(lists)).data, warnings: [] }
  const tenants = createTenants({ source: { load: () => Promise.resolve(initial) }, initial, log, pollMs: 1000, refreshFloorMs: 0 })
  return createAuthenticator({ tenants, siteId, log, ...(clock ? { clock } : {}) })
}

function requestOf(kind: Kind, { claims = {}, headers = {}, signer, token }: Attempt): IncomingHttpHeaders {
  const all = kind === 'user' ? userClaims(claims) : serviceClaims(claims)
  const obo = kind === 'user' ? {} : { 'x-tapis-user': 'jdoe', 'x-tapis-tenant': 'dev' }
  const signed = token ? token(all) : mint(signer ?? (kind === 'user' ? dev : admin), all)
  return { 'x-tapis-token': signed, ...obo, ...headers }
}

async function verdictOn(kind: Kind, attempt: Attempt): Promise<string> {
  const authenticator = await authenticatorFor(attempt)
  const headers = requestOf(kind, attempt)
  return authenticator.authenticate(headers, 'GET').then(() => 'accepted', (error: unknown) => {
    if (!(error instanceof AppError)) throw error
    const token = headers['x-tapis-token']
    if (typeof token === 'string' && token.length > 20) expect(error.message).not.toContain(token)
    expect(error.message.startsWith(error.code)).toBe(true)
    return `${error.httpStatus} ${error.code.replace('TAPIS_SECURITY_', '')}`
  })
}

const inTenant = (tenant: string): Attempt => ({ claims: { 'tapis/tenant_id': tenant }, signer: other })
const actingInTenant = (tenant: string): Attempt => ({ ...inTenant(tenant), headers: { 'x-tapis-tenant': tenant } })
const runsNotifications = (site: string) => (lists: Lists) => change(lists.sites, site, { services: ['notifications'] })

const ROWS_FOR_BOTH: [row: string, expected: string, attempt: Attempt][] = [
  ['3: own site unknown', '500 UNINITIALIZED_FILTER', { siteId: 'elsewhere' }],
  ['3 comes before 4', '500 UNINITIALIZED_FILTER', { siteId: 'elsewhere', token: () => '' }],
  ['4: no token', '401 MISSING_JWT_INFO', { token: () => '' }],
  ['4: blank token', '401 MISSING_JWT_INFO', { token: () => '  ' }],
  ['5: no token format', '401 JWT_PARSE_ERROR', { token: () => 'a.b' }],
  ['5: expired', '401 JWT_EXPIRED', { claims: { exp: NOW_S - 1 } }],
  ['5: not valid yet', '401 JWT_EXPIRED', { claims: { nbf: NOW_S + 600 } }],
  ['6: no claims', '401 JWT_NO_CLAIMS', { token: () => mint(dev, {}) }],
  ['7: no tenant', '401 JWT_CLAIM_NOT_FOUND', { claims: { 'tapis/tenant_id': undefined } }],
  ['8: alg none', '401 JWT_INVALID_ALG', { token: (claims) => mint(dev, claims, { alg: 'none' }) }],
  ['8: alg absent', '401 JWT_INVALID_ALG', { token: (claims) => mint(dev, claims, {}) }],
  ['8: alg RS512', '401 JWT_INVALID_ALG', { token: (claims) => mint(dev, claims, { alg: 'RS512' }) }],
  ['8: the public key as an HMAC secret', '401 JWT_INVALID_ALG', { token: (claims) => mint(dev, claims, { alg: 'HS256' }) }],
  ['9: unknown tenant', '401 JWT_KEY_ERROR', inTenant('unknown')],
  ['9: undecodable key', '401 JWT_KEY_ERROR', inTenant('keyless')],
  ['10: signed by another tenant', '401 JWT_PARSE_ERROR', { signer: other }],
  ['10: other claims under an old signature', '401 JWT_PARSE_ERROR', { token: (claims) => tampered(mint(dev, userClaims()), { ...claims, 'tapis/username': 'root' }) }],
  ['10: an unknown critical header', '401 JWT_PARSE_ERROR', { token: (claims) => mint(claims['tapis/tenant_id'] === 'dev' ? dev : admin, claims, { alg: 'RS256', crit: ['x'], x: 1 }) }],
  ['11: refresh token', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/token_type': 'refresh' } }],
  ['11: no token type', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/token_type': undefined } }],
  ['12: account type in capitals', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/account_type': 'SERVICE' } }],
  ['13: blank username', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/username': ' ' } }],
  ['14: delegation without a delegator', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/delegation': true, 'tapis/delegation_sub': null } }],
  ['14: delegator without a tenant', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/delegation': true, 'tapis/delegation_sub': 'jdoe@ ' } }],
  ['14: delegator without a user', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/delegation': true, 'tapis/delegation_sub': '@dev' } }],
  ['15: delegation of a tenant that is not allowed', '401 TENANT_NOT_ALLOWED', { claims: { 'tapis/delegation': true, 'tapis/delegation_sub': 'jdoe@unknown' } }],
  ['15: delegation of an allowed tenant', 'accepted', { claims: { 'tapis/delegation': true, 'tapis/delegation_sub': ' jdoe@dev ' } }],
  ['25: tenant without a site', '401 JWT_MISSING_SITE', actingInTenant('homeless')],
  ['26: from one associate site to another', '401 INTERSITE_COMM', { ...actingInTenant('third-admin'), siteId: 'branch', claims: { 'tapis/tenant_id': 'third-admin', 'tapis/target_site': 'branch' } }],
  ['27: no local notifications service', '401 NO_LOCAL_SERVICE', { lists: (lists) => change(lists.sites, 'dev', { services: ['jobs'] }) }],
  ['28: site of the tenant unknown', '401 UNKNOWN_SITE', actingInTenant('ghost')],
  ['28: site of the tenant runs its own', '401 SOURCE_SITE_SERVICE', { ...actingInTenant('lab'), lists: runsNotifications('branch') }],
  ['28: site of the tenant runs none', 'accepted', actingInTenant('lab')],
  ['26: from the primary site to an associate', 'accepted', { siteId: 'branch', lists: runsNotifications('branch'), claims: { 'tapis/target_site': 'branch' } }],
  ['nothing wrong', 'accepted', {}],
  ['not valid before now', 'accepted', { claims: { nbf: NOW_S } }],
]

// With a user token the header that makes a service act in its tenant would itself be refused (row 24).
const without = (attempt: Attempt): Attempt => ({ ...attempt, headers: {} })

test.each(ROWS_FOR_BOTH)('row %s, user token: %s', async (_, expected, attempt) => {
  expect(await verdictOn('user', without(attempt))).toBe(expected)
})

test.each(ROWS_FOR_BOTH)('row %s, service token: %s', async (_, expected, attempt) => {
  expect(await verdictOn('service', attempt)).toBe(expected)
})

test.each<[string, string, Attempt]>([
  ['16: no X-Tapis-User', '401 MISSING_HEADER', { headers: { 'x-tapis-user': undefined } }],
  ['16: blank X-Tapis-User', '401 MISSING_HEADER', { headers: { 'x-tapis-user': ' ' } }],
  ['17: no X-Tapis-Tenant', '401 MISSING_HEADER', { headers: { 'x-tapis-tenant': undefined } }],
  ['18: unknown tenant', '401 TENANT_NOT_ALLOWED', { headers: { 'x-tapis-tenant': 'unknown' } }],
  ['18: tenant of another site, from an associate', '401 TENANT_NOT_ALLOWED', { ...inTenant('branch-admin'), headers: { 'x-tapis-tenant': 'dev' } }],
  ['18: tenant of another site, from the primary', 'accepted', { headers: { 'x-tapis-tenant': 'lab' } }],
  ['19: no target site', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/target_site': undefined } }],
  ['20: other target site', '401 JWT_WRONG_SITE', { claims: { 'tapis/target_site': 'branch' } }],
  ['21: banned service', '401 TENANT_NOT_ALLOWED', { claims: { 'tapis/username': 'dnasubway-authenticator' } }],
])('row %s, service token: %s', async (_, expected, attempt) => {
  expect(await verdictOn('service', attempt)).toBe(expected)
})

test.each<[string, string, Attempt]>([
  ['22: site admin tenant', '401 USER_IN_ADMIN_TENANT', { claims: { 'tapis/tenant_id': 'admin' }, signer: admin }],
  ['23: X-Tapis-User', '401 UNEXPECTED_HEADER', { headers: { 'x-tapis-user': 'jdoe' } }],
  ['24: X-Tapis-Tenant', '401 UNEXPECTED_HEADER', { headers: { 'x-tapis-tenant': 'dev' } }],
  ['23 and 24: blank headers', 'accepted', { headers: { 'x-tapis-user': ' ', 'x-tapis-tenant': '' } }],
  ['21 is not for users', 'accepted', { claims: { 'tapis/username': 'dnasubway' } }],
])('row %s, user token: %s', async (_, expected, attempt) => {
  expect(await verdictOn('user', attempt)).toBe(expected)
})

test('a user acts as himself, a service for the user and tenant of the headers', async () => {
  const { authenticate } = await authenticatorFor()
  expect(await authenticate(requestOf('user', {}), 'GET')).toMatchObject({ jwtTenant: 'dev', jwtUser: 'jdoe', oboTenant: 'dev', oboUser: 'jdoe', isService: false })
  const service = await authenticate(requestOf('service', {}), 'GET')
  expect(service).toMatchObject({ jwtTenant: 'admin', jwtUser: 'jobs', oboTenant: 'dev', oboUser: 'jdoe', isService: true })
  expect(['dev', 'lab', 'unknown'].map((tenant) => service.mayActFor(tenant))).toEqual([true, true, false])
})

test('headers are judged on each request, although the token is remembered', async () => {
  const { authenticate } = await authenticatorFor()
  const headers = requestOf('service', {})
  expect((await authenticate(headers, 'GET')).oboUser).toBe('jdoe')
  expect((await authenticate({ ...headers, 'x-tapis-user': 'eve' }, 'GET')).oboUser).toBe('eve')
  await expect(authenticate({ ...headers, 'x-tapis-tenant': 'unknown' }, 'GET')).rejects.toMatchObject({ code: 'TAPIS_SECURITY_TENANT_NOT_ALLOWED' })
})

test('a remembered token is refused from the moment it expires', async () => {
  let nowMs = NOW_S * 1000
  const { authenticate } = await authenticatorFor({}, () => nowMs)
  const headers = requestOf('user', { claims: { exp: NOW_S + 60 } })
  nowMs += 59_999
  await authenticate(headers, 'GET')
  nowMs += 1
  await expect(authenticate(headers, 'GET')).rejects.toMatchObject({ code: 'TAPIS_SECURITY_JWT_EXPIRED', httpStatus: 401 })
})

test('the missing token is answered with the name of the method', async () => {
  const { authenticate } = await authenticatorFor()
  await expect(authenticate({}, 'DELETE')).rejects.toThrow(/MISSING_JWT_INFO.*DELETE/)
})

test.each(['headers', 'headersDistinct'] as const)('over HTTP, names in any case count, and the first of repeated headers (%s)', async (property) => {
  const { authenticate } = await authenticatorFor()
  const server = createServer((incoming, response) => {
    authenticate(incoming[property], 'GET').then((caller) => response.end(JSON.stringify(caller)), (error: unknown) => response.end(String(error)))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => { server.close() })
  await once(server, 'listening')
  const address = server.address()
  const { 'x-tapis-token': token = '' } = requestOf('service', {})
  const headers = { 'X-TAPIS-Token': [String(token), 'garbage'], 'x-TAPIS-user': ['jdoe', 'root'], 'X-Tapis-tenant': ['dev', 'admin'] }
  const port = typeof address === 'object' && address ? address.port : 0
  const response = await new Promise<IncomingMessage>((resolve) => { request({ port, host: '127.0.0.1', headers }, resolve).end() })
  expect(await json(response)).toMatchObject({ oboUser: 'jdoe', oboTenant: 'dev' })
})

async function refusalOf(kind: Kind, attempt: Attempt): Promise<string> {
  const authenticator = await authenticatorFor(attempt)
  return authenticator.authenticate(requestOf(kind, attempt), 'GET').then(() => 'accepted', (error: unknown) => (error as Error).message)
}

test('a token in the wrong header, and without a token at all, are told apart', async () => {
  expect(await refusalOf('user', { token: () => '', headers: { authorization: 'Bearer secret' } })).toMatch(/hint: there is an Authorization header; the token belongs into X-Tapis-Token, without Bearer$/)
  expect(await refusalOf('user', { token: () => '' })).toMatch(/ method: GET$/)
})

test('a misspelt tenant of those that the token may act for is named; whether another exists is not told', async () => {
  const acting = (tenant: string) => refusalOf('service', { headers: { 'x-tapis-tenant': tenant } })
  expect(await acting('dve')).toMatch(/ oboTenant: dve hint: the token may act for no tenant of this name; did you mean dev\?$/)
  const devService = (tenant: string) => refusalOf('service', { claims: { 'tapis/tenant_id': 'dev' }, signer: dev, headers: { 'x-tapis-tenant': tenant } })
  const hintFor = async (tenant: string) => (await devService(tenant)).replaceAll(`oboTenant: ${tenant}`, 'oboTenant: T')
  expect(await devService('other')).toContain('may act for no tenant')
  expect(await hintFor('other')).toBe(await hintFor('never-was'))
  expect(await hintFor('othre')).toBe(await hintFor('never-was'))
})

test('whatever a header says, the refusal is one line of a bounded length', async () => {
  const message = await refusalOf('service', { headers: { 'x-tapis-tenant': '\u009b\u202e'.repeat(4000) } })
  expect(message.length).toBeLessThan(700)
  expect(message).not.toMatch(/[\p{Cc}\u202e]/u)
})

test('a service has a foreign signer unless its token comes from the admin tenant of this site: its name may be that of another service', async () => {
  const signerOf = async (attempt: Attempt) => (await (await authenticatorFor(attempt)).authenticate(requestOf('service', attempt), 'GET')).foreignSigner
  expect(await signerOf({})).toBeUndefined()
  expect(await signerOf({ claims: { 'tapis/tenant_id': 'branch-admin' }, signer: other, headers: { 'x-tapis-tenant': 'lab' } })).toBe('branch-admin')
  expect(await signerOf({ claims: { 'tapis/tenant_id': 'dev' }, signer: dev })).toBe('dev')
})
