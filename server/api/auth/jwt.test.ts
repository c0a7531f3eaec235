import { expect, test } from 'vitest'
import { MAX_TOKEN_LENGTH, checkTimes, parseToken } from './jwt.ts'

const NOW_MS = 1_700_000_000_000
const NOW_S = NOW_MS / 1000
const CLAIMS = { 'tapis/tenant_id': 'dev', exp: NOW_S + 60 }

const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const tokenOf = (claims: unknown, header: unknown = { alg: 'RS256' }) => `${part(header)}.${part(claims)}.c2ln`
const verdictOn = (token: string) => {
  const result = parseToken(token, NOW_MS)
  return result.kind === 'rejected' ? result.code : 'parsed'
}

test.each([
  ['not a token at all', 'hello'],
  ['two parts', `${part({ alg: 'RS256' })}.${part(CLAIMS)}`],
  ['four parts', `${tokenOf(CLAIMS)}.x`],
  ['a header that is not JSON', `${part('{')}.${part(CLAIMS)}.c2ln`],
  ['a header that is a list', tokenOf(CLAIMS, [])],
  ['a payload that is not JSON', tokenOf('{"a"')],
  ['an exp that is a text', tokenOf({ ...CLAIMS, exp: '2030-01-01' })],
  ['an nbf that is a text', tokenOf({ ...CLAIMS, nbf: 'soon' })],
  ['more than 16 KiB', tokenOf({ ...CLAIMS, pad: 'x'.repeat(MAX_TOKEN_LENGTH) })],
])('%s is a parse error', (_, token) => {
  expect(verdictOn(token)).toBe('TAPIS_SECURITY_JWT_PARSE_ERROR')
})

test.each([
  ['an empty object', {}],
  ['a list', ['a']],
  ['null', null],
  ['a text', '"a"'],
  ['nothing', ''],
])('a payload that is %s has no claims', (_, payload) => {
  expect(verdictOn(tokenOf(payload))).toBe('TAPIS_SECURITY_JWT_NO_CLAIMS')
})

test.each([
  ['no tenant', { exp: NOW_S + 60 }],
  ['a blank tenant', { ...CLAIMS, 'tapis/tenant_id': ' ' }],
  ['a tenant that is a number', { ...CLAIMS, 'tapis/tenant_id': 7 }],
  ['no exp', { 'tapis/tenant_id': 'dev' }],
])('a token with %s lacks a claim', (_, claims) => {
  expect(verdictOn(tokenOf(claims))).toBe('TAPIS_SECURITY_JWT_CLAIM_NOT_FOUND')
})

test.each([[undefined], ['none'], ['None'], ['HS256'], ['RS512'], ['PS256'], ['rs256'], [7], ['']])(
  'the algorithm %s is rejected',
  (alg) => {
    expect(verdictOn(tokenOf(CLAIMS, { alg }))).toBe('TAPIS_SECURITY_JWT_INVALID_ALG')
  },
)

test('an expired token is rejected as expired before its tenant and its algorithm are checked', () => {
  expect(verdictOn(tokenOf({ exp: NOW_S - 1 }, { alg: 'none' }))).toBe('TAPIS_SECURITY_JWT_EXPIRED')
})

test('a missing tenant is reported before the algorithm', () => {
  expect(verdictOn(tokenOf({ exp: NOW_S + 1 }, { alg: 'none' }))).toBe('TAPIS_SECURITY_JWT_CLAIM_NOT_FOUND')
})

test('a token is valid from nbf on, and until just before exp', () => {
  const times = { notBeforeS: 100, expiresAtS: 200 }
  const validAt = (ms: number) => checkTimes(times, ms) === undefined
  expect([99_999, 100_000, 199_999, 200_000].map(validAt)).toEqual([false, true, true, false])
})

test('a delegation claim that is neither absent, null nor false counts as a delegation', () => {
  const isDelegated = (value: unknown) => {
    const result = parseToken(tokenOf({ ...CLAIMS, 'tapis/delegation': value }), NOW_MS)
    return result.kind === 'claims' && result.isDelegated
  }
  expect([undefined, null, false, true, 'false', 1].map(isDelegated)).toEqual([false, false, false, true, true, true])
})

test.each([
  ['b64 false, as critical', { alg: 'RS256', b64: false, crit: ['b64'] }],
  ['b64 false', { alg: 'RS256', b64: false }],
  ['b64 null', { alg: 'RS256', b64: null }],
  ['b64 as a text', { alg: 'RS256', b64: 'true' }],
  ['b64 true, as critical', { alg: 'RS256', b64: true, crit: ['b64'] }],
  ['something critical that nobody knows', { alg: 'RS256', crit: ['exp'], exp: 1 }],
  ['nothing critical', { alg: 'RS256', crit: [] }],
  ['crit that is no list', { alg: 'RS256', crit: 'b64' }],
  ['crit that is null', { alg: 'RS256', crit: null }],
])('a header with %s is a parse error', (_, header) => {
  expect(verdictOn(tokenOf(CLAIMS, header))).toBe('TAPIS_SECURITY_JWT_PARSE_ERROR')
})

test('other members of the header are ignored', () => {
  expect(verdictOn(tokenOf(CLAIMS, { alg: 'RS256', typ: 'JWT', kid: 'x', b64: true }))).toBe('parsed')
})

test('a rejection because of exp or nbf says since when, or from when, unless that is not a date', () => {
  const detailsOf = (times: object) => {
    const result = parseToken(tokenOf({ ...CLAIMS, ...times }), NOW_MS)
    return result.kind === 'rejected' ? result.details : {}
  }
  expect(detailsOf({ exp: NOW_S - 60 })).toMatchObject({
    expired: '2023-11-14T22:12:20.000Z',
    hint: expect.stringContaining('Tokens service') as string,
  })
  expect(detailsOf({ nbf: NOW_S + 60 })).toEqual({ validFrom: '2023-11-14T22:14:20.000Z' })
  expect(Object.keys(detailsOf({ exp: -1e300 }))).toEqual(['hint'])
  expect(detailsOf({ nbf: 1e300 })).toEqual({})
})

test('a token with Bearer in front gets a hint of its own', () => {
  const result = parseToken(`Bearer ${tokenOf(CLAIMS)}`, NOW_MS)
  expect(result).toMatchObject({
    code: 'TAPIS_SECURITY_JWT_PARSE_ERROR',
    details: { hint: expect.stringContaining('without Bearer') as string },
  })
})
