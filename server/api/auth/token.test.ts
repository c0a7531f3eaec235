import { expect, test } from 'vitest'
import { MAX_TOKEN_LENGTH, checkTimes, parseToken } from './token.ts'

const NOW_MS = 1_700_000_000_000
const NOW_S = NOW_MS / 1000
const CLAIMS = { 'tapis/tenant_id': 'dev', 'exp': NOW_S + 60 }

const part = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const tokenOf = (claims: unknown, header: unknown = { alg: 'RS256' }) => `${part(header)}.${part(claims)}.c2ln`
const verdictOn = (token: string) => {
  const result = parseToken(token, NOW_MS)
  return result.kind === 'refused' ? result.code : 'parsed'
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

test.each([['an empty object', {}], ['a list', ['a']], ['null', null], ['a text', '"a"'], ['nothing', '']])('a payload that is %s has no claims', (_, payload) => {
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

test.each([[undefined], ['none'], ['None'], ['HS256'], ['RS512'], ['PS256'], ['rs256'], [7], ['']])('the algorithm %s is refused', (alg) => {
  expect(verdictOn(tokenOf(CLAIMS, { alg }))).toBe('TAPIS_SECURITY_JWT_INVALID_ALG')
})

test('an expired token is refused as expired before its tenant and its algorithm are looked at', () => {
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
