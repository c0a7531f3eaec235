import { expect, test } from 'vitest'
import { AppError } from '@tidings/server/api/errors.ts'
import {
  admin,
  authenticatorFor,
  dev,
  NOW_S,
  other,
  requestOf,
  type Attempt,
  type Kind,
} from './support/auth-attempts.ts'
import { changeEntry, type TenantLists } from './support/tenants-lists.ts'
import { mint, tampered, userClaims } from './support/tokens.ts'

async function verdictOn(kind: Kind, attempt: Attempt): Promise<string> {
  const authenticator = await authenticatorFor(attempt)
  const headers = requestOf(kind, attempt)
  return authenticator.authenticate(headers, 'GET').then(
    () => 'accepted',
    (error: unknown) => {
      if (!(error instanceof AppError)) throw error
      const token = headers['x-tapis-token']
      if (typeof token === 'string' && token.length > 20) expect(error.message).not.toContain(token)
      expect(error.message.startsWith(error.code)).toBe(true)
      return `${error.httpStatus} ${error.code.replace('TAPIS_SECURITY_', '')}`
    },
  )
}

const inTenant = (tenant: string): Attempt => ({ claims: { 'tapis/tenant_id': tenant }, signer: other })
const actingInTenant = (tenant: string): Attempt => ({ ...inTenant(tenant), headers: { 'x-tapis-tenant': tenant } })
const runsNotifications = (site: string) => (lists: TenantLists) =>
  changeEntry(lists.sites, site, { services: ['notifications'] })

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
  [
    '8: the public key as an HMAC secret',
    '401 JWT_INVALID_ALG',
    { token: (claims) => mint(dev, claims, { alg: 'HS256' }) },
  ],
  ['9: unknown tenant', '401 JWT_KEY_ERROR', inTenant('unknown')],
  ['9: undecodable key', '401 JWT_KEY_ERROR', inTenant('keyless')],
  ['10: signed by another tenant', '401 JWT_PARSE_ERROR', { signer: other }],
  [
    '10: other claims under an old signature',
    '401 JWT_PARSE_ERROR',
    { token: (claims) => tampered(mint(dev, userClaims()), { ...claims, 'tapis/username': 'root' }) },
  ],
  [
    '10: an unknown critical header',
    '401 JWT_PARSE_ERROR',
    {
      token: (claims) =>
        mint(claims['tapis/tenant_id'] === 'dev' ? dev : admin, claims, { alg: 'RS256', crit: ['x'], x: 1 }),
    },
  ],
  ['11: refresh token', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/token_type': 'refresh' } }],
  ['11: no token type', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/token_type': undefined } }],
  ['12: account type in capitals', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/account_type': 'SERVICE' } }],
  ['13: blank username', '401 JWT_INVALID_CLAIM', { claims: { 'tapis/username': ' ' } }],
  [
    '14: delegation without a delegator',
    '401 JWT_INVALID_CLAIM',
    { claims: { 'tapis/delegation': true, 'tapis/delegation_sub': null } },
  ],
  [
    '14: delegator without a tenant',
    '401 JWT_INVALID_CLAIM',
    { claims: { 'tapis/delegation': true, 'tapis/delegation_sub': 'jdoe@ ' } },
  ],
  [
    '14: delegator without a user',
    '401 JWT_INVALID_CLAIM',
    { claims: { 'tapis/delegation': true, 'tapis/delegation_sub': '@dev' } },
  ],
  [
    '15: delegation of a tenant that is not allowed',
    '401 TENANT_NOT_ALLOWED',
    { claims: { 'tapis/delegation': true, 'tapis/delegation_sub': 'jdoe@unknown' } },
  ],
  [
    '15: delegation of an allowed tenant',
    'accepted',
    { claims: { 'tapis/delegation': true, 'tapis/delegation_sub': ' jdoe@dev ' } },
  ],
  ['25: tenant without a site', '401 JWT_MISSING_SITE', actingInTenant('homeless')],
  [
    '26: from one associate site to another',
    '401 INTERSITE_COMM',
    {
      ...actingInTenant('third-admin'),
      siteId: 'branch',
      claims: { 'tapis/tenant_id': 'third-admin', 'tapis/target_site': 'branch' },
    },
  ],
  [
    '27: no local notifications service',
    '401 NO_LOCAL_SERVICE',
    { lists: (lists) => changeEntry(lists.sites, 'dev', { services: ['jobs'] }) },
  ],
  ['28: site of the tenant unknown', '401 UNKNOWN_SITE', actingInTenant('ghost')],
  [
    '28: site of the tenant runs its own',
    '401 SOURCE_SITE_SERVICE',
    { ...actingInTenant('lab'), lists: runsNotifications('branch') },
  ],
  ['28: site of the tenant runs none', 'accepted', actingInTenant('lab')],
  [
    '26: from the primary site to an associate',
    'accepted',
    { siteId: 'branch', lists: runsNotifications('branch'), claims: { 'tapis/target_site': 'branch' } },
  ],
  ['nothing wrong', 'accepted', {}],
  ['not valid before now', 'accepted', { claims: { nbf: NOW_S } }],
]

// With a user token the header that makes a service act in its tenant would itself be rejected (protocol row 24).
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
  [
    '18: tenant of another site, from an associate',
    '401 TENANT_NOT_ALLOWED',
    { ...inTenant('branch-admin'), headers: { 'x-tapis-tenant': 'dev' } },
  ],
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

test('the response to a missing token has the name of the method', async () => {
  const { authenticate } = await authenticatorFor()
  await expect(authenticate({}, 'DELETE')).rejects.toThrow(/MISSING_JWT_INFO.*DELETE/)
})

async function refusalOf(kind: Kind, attempt: Attempt): Promise<string> {
  const authenticator = await authenticatorFor(attempt)
  return authenticator.authenticate(requestOf(kind, attempt), 'GET').then(
    () => 'accepted',
    (error: unknown) => (error as Error).message,
  )
}

test('a token in the wrong header, and without a token at all, are told apart', async () => {
  expect(await refusalOf('user', { token: () => '', headers: { authorization: 'Bearer secret' } })).toMatch(
    /hint: there is an Authorization header; send the token in X-Tapis-Token, without Bearer$/,
  )
  expect(await refusalOf('user', { token: () => '' })).toMatch(/ method: GET$/)
})

test('a misspelt tenant that the token may act for is suggested; whether another exists is not revealed', async () => {
  const acting = (tenant: string) => refusalOf('service', { headers: { 'x-tapis-tenant': tenant } })
  expect(await acting('dve')).toMatch(
    / oboTenant: dve hint: the token may not act for a tenant of this name; did you mean dev\?$/,
  )
  const devService = (tenant: string) =>
    refusalOf('service', { claims: { 'tapis/tenant_id': 'dev' }, signer: dev, headers: { 'x-tapis-tenant': tenant } })
  const hintFor = async (tenant: string) =>
    (await devService(tenant)).replaceAll(`oboTenant: ${tenant}`, 'oboTenant: T')
  expect(await devService('other')).toContain('may not act for a tenant')
  expect(await hintFor('other')).toBe(await hintFor('never-was'))
  expect(await hintFor('othre')).toBe(await hintFor('never-was'))
})

test('whatever a header says, the rejection is one line of bounded length', async () => {
  const message = await refusalOf('service', { headers: { 'x-tapis-tenant': '\u009b\u202e'.repeat(4000) } })
  expect(message.length).toBeLessThan(700)
  expect(message).not.toMatch(/[\p{Cc}\u202e]/u)
})
