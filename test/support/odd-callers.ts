import { createHmac } from 'node:crypto'
import { mint, type TokenClaims } from './tokens.ts'
import { callersOf, serviceOf, userOf, type TwoSites } from './two-sites.ts'

/** Flat pairs where a header is sent twice: `name, value, name, value`. */
export type Headers = Readonly<Record<string, string>> | readonly string[]
/** `admitted`: let in, so what is asked for decides. */
export type Verdict = 'refused' | 'malformed' | 'admitted'

/** Callers by what is odd about them: bob of ta as a user, or the service jobs on behalf of bob of ta, but for one thing. */
export function oddCallers(sites: TwoSites): Readonly<Record<string, readonly [Headers, Verdict]>> {
  const { keys } = sites
  const { user, service } = callersOf(sites)
  const nowS = Math.floor(Date.now() / 1000)
  const jobs = (changes: TokenClaims = {}, header?: Record<string, unknown>, signer = keys.admin) =>
    ({ 'X-Tapis-Token': mint(signer, serviceOf('jobs', changes), header), 'X-Tapis-User': 'bob', 'X-Tapis-Tenant': 'ta' })
  const bob = (changes: TokenClaims = {}) => ({ 'X-Tapis-Token': mint(keys.ta, userOf('bob', 'ta', changes)) })
  const from = (tenant: 'adminx' | 'ta', oboTenant: string) => ({ ...jobs({ 'tapis/tenant_id': tenant }, undefined, keys[tenant]), 'X-Tapis-Tenant': oboTenant })
  const stranger = (tenant: string, signer: 'ta' | 'tb') => ({ 'X-Tapis-Token': mint(keys[signer], userOf('eve', tenant)) })
  const hmac = (key: string | Buffer, alg: string) => {
    const [head, claims] = mint(keys.admin, serviceOf('jobs'), { alg }).split('.')
    return { ...jobs(), 'X-Tapis-Token': `${head}.${claims}.${createHmac('sha256', key).update(`${head}.${claims}`).digest('base64url')}` }
  }
  const der = Buffer.from(keys.admin.publicKey.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
  const good = jobs()['X-Tapis-Token']
  const flat = (headers: Readonly<Record<string, string>>) => Object.entries(headers).flat()

  return {
    'no token': [{}, 'refused'], 'no JWT': [{ 'X-Tapis-Token': 'abc' }, 'refused'], 'three letters': [{ 'X-Tapis-Token': 'a.b.c' }, 'refused'], 'a blank token': [{ 'X-Tapis-Token': '' }, 'refused'],
    'Bearer before the token': [{ ...jobs(), 'X-Tapis-Token': `Bearer ${good}` }, 'refused'], 'Authorization': [{ Authorization: `Bearer ${good}` }, 'refused'],
    'user, expired': [bob({ exp: nowS - 5 }), 'refused'], 'service, expired': [jobs({ exp: nowS - 5 }), 'refused'], 'expires now': [jobs({ exp: nowS }), 'refused'],
    'exp missing': [jobs({ exp: undefined }), 'refused'], 'exp a text': [jobs({ exp: String(nowS + 1000) }), 'refused'], 'exp null': [jobs({ exp: null }), 'refused'], 'exp very late': [jobs({ exp: 1e300 }), 'admitted'],
    'nbf ahead': [jobs({ nbf: nowS + 600 }), 'refused'], 'iat ahead': [jobs({ iat: nowS + 600 }), 'admitted'],
    'alg none': [jobs({}, { alg: 'none' }), 'refused'], 'alg NonE': [jobs({}, { alg: 'NonE' }), 'refused'], 'alg missing': [jobs({}, { alg: undefined }), 'refused'],
    'HS256 with the public key as PEM': [jobs({}, { alg: 'HS256' }), 'refused'], 'HS256 with the public key as DER': [hmac(der, 'HS256'), 'refused'], 'an HMAC under RS256': [hmac(keys.admin.publicKey, 'RS256'), 'refused'],
    'RS512': [jobs({}, { alg: 'RS512' }), 'refused'], 'a list of algorithms': [jobs({}, { alg: ['RS256'] }), 'refused'],
    'a key of its own, with kid': [jobs({}, { alg: 'RS256', kid: '../../dev/null' }, keys.rogue), 'refused'],
    'a key of its own, with jwk': [jobs({}, { alg: 'RS256', jwk: { kty: 'RSA' }, jku: 'http://127.0.0.1:1/jwks', x5u: 'http://127.0.0.1:1/x' }, keys.rogue), 'refused'],
    'a body that is not encoded': [jobs({}, { alg: 'RS256', crit: ['b64'], b64: false }), 'refused'],
    'an unknown crit': [jobs({}, { alg: 'RS256', crit: ['zz'], zz: 1 }), 'refused'],
    'an unknown kid': [jobs({}, { alg: 'RS256', kid: 'nope' }), 'admitted'], 'another issuer': [jobs({ iss: 'https://evil.example' }), 'admitted'], 'another sub': [jobs({ sub: 'root@other' }), 'admitted'],
    'signed by another tenant': [stranger('tb', 'ta'), 'refused'], 'of no tenant': [stranger('nope', 'ta'), 'refused'], 'of __proto__': [stranger('__proto__', 'ta'), 'refused'], 'of a tenant in capitals': [stranger('TB', 'tb'), 'refused'],
    'a refresh token': [jobs({ 'tapis/token_type': 'refresh' }), 'refused'], 'no token type': [jobs({ 'tapis/token_type': undefined }), 'refused'], 'Access': [jobs({ 'tapis/token_type': 'Access' }), 'refused'],
    'SERVICE': [jobs({ 'tapis/account_type': 'SERVICE' }), 'refused'], 'no account type': [jobs({ 'tapis/account_type': undefined }), 'refused'], 'a list of account types': [jobs({ 'tapis/account_type': ['service'] }), 'refused'],
    'a blank user': [bob({ 'tapis/username': ' ' }), 'refused'], 'NUL in the user': [bob({ 'tapis/username': 'b\0b' }), 'malformed'], 'a long user': [bob({ 'tapis/username': 'b'.repeat(300) }), 'malformed'],
    'for another site': [jobs({ 'tapis/target_site': 's2' }), 'refused'], 'for no site': [jobs({ 'tapis/target_site': undefined }), 'refused'],
    'service of the associate site, for ta': [from('adminx', 'ta'), 'refused'], 'service of the associate site, for tb': [from('adminx', 'tb'), 'refused'], 'service of the associate site, for its own': [from('adminx', 'tx'), 'admitted'],
    'service of ta, for tb': [from('ta', 'tb'), 'refused'], 'service of ta, for ta': [from('ta', 'ta'), 'admitted'],
    'service for nobody': [{ 'X-Tapis-Token': good }, 'refused'], 'service without tenant': [{ 'X-Tapis-Token': good, 'X-Tapis-User': 'bob' }, 'refused'], 'service without user': [{ 'X-Tapis-Token': good, 'X-Tapis-Tenant': 'ta' }, 'refused'],
    ...Object.fromEntries(['nope', '__proto__', 'constructor', 'ta, tb', 'ta,tb', 'TA', 'ta/../tb'].map((tenant) => [`service for the tenant ${tenant}`, [{ ...jobs(), 'X-Tapis-Tenant': tenant }, 'refused']] as const)),
    'service for a long user': [{ ...jobs(), 'X-Tapis-User': 'x'.repeat(256) }, 'malformed'],
    ...Object.fromEntries(["bob' or '1'='1", '__proto__', 'a\tb', 'b\u00f6b'].map((name) => [`service for the user ${name}`, [{ ...jobs(), 'X-Tapis-User': name }, 'admitted']] as const)),
    'a banned prefix': [jobs({ 'tapis/username': 'dnasubwayx' }), 'refused'],
    'user for another user': [{ ...bob(), 'X-Tapis-User': 'eve' }, 'refused'], 'user for another tenant': [{ ...bob(), 'X-Tapis-Tenant': 'tb' }, 'refused'], 'user of the admin tenant': [{ 'X-Tapis-Token': mint(keys.admin, userOf('bob', 'admin')) }, 'refused'],
    'delegated by another tenant': [bob({ 'tapis/delegation': true, 'tapis/delegation_sub': 'eve@tb' }), 'refused'], 'delegated within the tenant': [bob({ 'tapis/delegation': true, 'tapis/delegation_sub': 'eve@ta' }), 'admitted'], 'delegated by half a name': [bob({ 'tapis/delegation': true, 'tapis/delegation_sub': 'eve' }), 'refused'],
    'two tokens, the good one first': [[...flat(jobs()), 'X-Tapis-Token', 'abc'], 'admitted'], 'two tokens, the bad one first': [['X-Tapis-Token', 'abc', ...flat(jobs())], 'refused'],
    'two tenants, its own first': [[...flat(jobs()), 'X-Tapis-Tenant', 'tb'], 'admitted'], 'two tenants, an unknown one first': [['X-Tapis-Tenant', 'nope', ...flat(jobs())], 'refused'],
    'user of ta': [bob(), 'admitted'], 'user of a site without this service': [user('bob', 'tx'), 'admitted'], 'administrator of ta': [user('alice', 'ta'), 'admitted'], 'service for ta': [service('ta', 'bob'), 'admitted'],
    'a token of 16,000 characters': [jobs({ pad: 'x'.repeat(11_000) }), 'admitted'],
    'a fourth part': [{ ...jobs(), 'X-Tapis-Token': `${good}.x` }, 'refused'], 'a shortened signature': [{ ...jobs(), 'X-Tapis-Token': good.slice(0, -4) }, 'refused'], 'no signature': [{ ...jobs(), 'X-Tapis-Token': good.replace(/\.[^.]+$/, '.') }, 'refused'],
  }
}
