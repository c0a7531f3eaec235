import { createHmac } from 'node:crypto'
import { mint, type TokenClaims } from './tokens.ts'
import { callersOf, serviceOf, userOf, type TwoSites } from './two-sites.ts'

/** Flat pairs where a header is sent twice: `name, value, name, value`. */
export type CallerHeaders = Readonly<Record<string, string>> | readonly string[]
/** `admitted`: authenticated, so the request itself decides. */
export type CallerVerdict = 'rejected' | 'malformed' | 'admitted'
export type IrregularCallers = Readonly<Record<string, readonly [CallerHeaders, CallerVerdict]>>

/**
 * Callers by what is odd about them: bob of ta as a user, or the service jobs on behalf of bob of ta, but for one
 * thing.
 */
export function irregularCallers(sites: TwoSites): IrregularCallers {
  const makers = makersOf(sites)
  return {
    ...withUnreadableToken(makers),
    ...withOddTimes(makers),
    ...withOddSignature(makers),
    ...withOddClaims(makers),
    ...servicesForOthers(makers),
    ...usersForOthers(makers),
    ...withHeadersTwice(makers),
    ...regular(makers),
    ...withDamagedToken(makers),
  }
}

type Makers = ReturnType<typeof makersOf>

/** What makes the headers of a caller. */
function makersOf(sites: TwoSites) {
  const { keys } = sites
  const jobs = (changes: TokenClaims = {}, header?: Record<string, unknown>, signer = keys.admin) => ({
    'X-Tapis-Token': mint(signer, serviceOf('jobs', changes), header),
    'X-Tapis-User': 'bob',
    'X-Tapis-Tenant': 'ta',
  })
  const bob = (changes: TokenClaims = {}) => ({ 'X-Tapis-Token': mint(keys.ta, userOf('bob', 'ta', changes)) })
  const from = (tenant: 'adminx' | 'ta', oboTenant: string) => ({
    ...jobs({ 'tapis/tenant_id': tenant }, undefined, keys[tenant]),
    'X-Tapis-Tenant': oboTenant,
  })
  const stranger = (tenant: string, signer: 'ta' | 'tb') => ({
    'X-Tapis-Token': mint(keys[signer], userOf('eve', tenant)),
  })
  const good = jobs()['X-Tapis-Token']
  return { keys, jobs, bob, from, stranger, good, ...callersOf(sites) }
}

const withUnreadableToken = ({ jobs, good }: Makers): IrregularCallers => ({
  'no token': [{}, 'rejected'],
  'no JWT': [{ 'X-Tapis-Token': 'abc' }, 'rejected'],
  'three letters': [{ 'X-Tapis-Token': 'a.b.c' }, 'rejected'],
  'a blank token': [{ 'X-Tapis-Token': '' }, 'rejected'],
  'Bearer before the token': [{ ...jobs(), 'X-Tapis-Token': `Bearer ${good}` }, 'rejected'],
  Authorization: [{ Authorization: `Bearer ${good}` }, 'rejected'],
})

function withOddTimes({ jobs, bob }: Makers): IrregularCallers {
  const nowS = Math.floor(Date.now() / 1000)
  return {
    'user, expired': [bob({ exp: nowS - 5 }), 'rejected'],
    'service, expired': [jobs({ exp: nowS - 5 }), 'rejected'],
    'expires now': [jobs({ exp: nowS }), 'rejected'],
    'exp missing': [jobs({ exp: undefined }), 'rejected'],
    'exp a text': [jobs({ exp: String(nowS + 1000) }), 'rejected'],
    'exp null': [jobs({ exp: null }), 'rejected'],
    'exp very late': [jobs({ exp: 1e300 }), 'admitted'],
    'nbf ahead': [jobs({ nbf: nowS + 600 }), 'rejected'],
    'iat ahead': [jobs({ iat: nowS + 600 }), 'admitted'],
  }
}

function withOddSignature({ keys, jobs, stranger }: Makers): IrregularCallers {
  const hmac = (key: string | Buffer, alg: string) => {
    const [head, claims] = mint(keys.admin, serviceOf('jobs'), { alg }).split('.')
    return {
      ...jobs(),
      'X-Tapis-Token': `${head}.${claims}.${createHmac('sha256', key).update(`${head}.${claims}`).digest('base64url')}`,
    }
  }
  const der = Buffer.from(keys.admin.publicKey.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
  return {
    'alg none': [jobs({}, { alg: 'none' }), 'rejected'],
    'alg NonE': [jobs({}, { alg: 'NonE' }), 'rejected'],
    'alg missing': [jobs({}, { alg: undefined }), 'rejected'],
    'HS256 with the public key as PEM': [jobs({}, { alg: 'HS256' }), 'rejected'],
    'HS256 with the public key as DER': [hmac(der, 'HS256'), 'rejected'],
    'an HMAC under RS256': [hmac(keys.admin.publicKey, 'RS256'), 'rejected'],
    RS512: [jobs({}, { alg: 'RS512' }), 'rejected'],
    'a list of algorithms': [jobs({}, { alg: ['RS256'] }), 'rejected'],
    'a key of its own, with kid': [jobs({}, { alg: 'RS256', kid: '../../dev/null' }, keys.rogue), 'rejected'],
    'a key of its own, with jwk': [
      jobs(
        {},
        { alg: 'RS256', jwk: { kty: 'RSA' }, jku: 'http://127.0.0.1:1/jwks', x5u: 'http://127.0.0.1:1/x' },
        keys.rogue,
      ),
      'rejected',
    ],
    'a body that is not encoded': [jobs({}, { alg: 'RS256', crit: ['b64'], b64: false }), 'rejected'],
    'an unknown crit': [jobs({}, { alg: 'RS256', crit: ['zz'], zz: 1 }), 'rejected'],
    'an unknown kid': [jobs({}, { alg: 'RS256', kid: 'nope' }), 'admitted'],
    'another issuer': [jobs({ iss: 'https://evil.example' }), 'admitted'],
    'another sub': [jobs({ sub: 'root@other' }), 'admitted'],
    'signed by another tenant': [stranger('tb', 'ta'), 'rejected'],
    'of no tenant': [stranger('nope', 'ta'), 'rejected'],
    'of __proto__': [stranger('__proto__', 'ta'), 'rejected'],
    'of a tenant in capitals': [stranger('TB', 'tb'), 'rejected'],
  }
}

const withOddClaims = ({ jobs, bob }: Makers): IrregularCallers => ({
  'a refresh token': [jobs({ 'tapis/token_type': 'refresh' }), 'rejected'],
  'no token type': [jobs({ 'tapis/token_type': undefined }), 'rejected'],
  Access: [jobs({ 'tapis/token_type': 'Access' }), 'rejected'],
  SERVICE: [jobs({ 'tapis/account_type': 'SERVICE' }), 'rejected'],
  'no account type': [jobs({ 'tapis/account_type': undefined }), 'rejected'],
  'a list of account types': [jobs({ 'tapis/account_type': ['service'] }), 'rejected'],
  'a blank user': [bob({ 'tapis/username': ' ' }), 'rejected'],
  'NUL in the user': [bob({ 'tapis/username': 'b\0b' }), 'malformed'],
  'a long user': [bob({ 'tapis/username': 'b'.repeat(300) }), 'malformed'],
  'for another site': [jobs({ 'tapis/target_site': 's2' }), 'rejected'],
  'for no site': [jobs({ 'tapis/target_site': undefined }), 'rejected'],
})

const servicesForOthers = ({ jobs, from, good }: Makers): IrregularCallers => ({
  'service of the associate site, for ta': [from('adminx', 'ta'), 'rejected'],
  'service of the associate site, for tb': [from('adminx', 'tb'), 'rejected'],
  'service of the associate site, for its own': [from('adminx', 'tx'), 'admitted'],
  'service of ta, for tb': [from('ta', 'tb'), 'rejected'],
  'service of ta, for ta': [from('ta', 'ta'), 'admitted'],
  'service for nobody': [{ 'X-Tapis-Token': good }, 'rejected'],
  'service without tenant': [{ 'X-Tapis-Token': good, 'X-Tapis-User': 'bob' }, 'rejected'],
  'service without user': [{ 'X-Tapis-Token': good, 'X-Tapis-Tenant': 'ta' }, 'rejected'],
  ...Object.fromEntries(
    ['nope', '__proto__', 'constructor', 'ta, tb', 'ta,tb', 'TA', 'ta/../tb'].map(
      (tenant) => [`service for the tenant ${tenant}`, [{ ...jobs(), 'X-Tapis-Tenant': tenant }, 'rejected']] as const,
    ),
  ),
  'service for a long user': [{ ...jobs(), 'X-Tapis-User': 'x'.repeat(256) }, 'malformed'],
  ...Object.fromEntries(
    ["bob' or '1'='1", '__proto__', 'a\tb', 'b\u00f6b'].map(
      (name) => [`service for the user ${name}`, [{ ...jobs(), 'X-Tapis-User': name }, 'admitted']] as const,
    ),
  ),
  'a banned prefix': [jobs({ 'tapis/username': 'dnasubwayx' }), 'rejected'],
})

const usersForOthers = ({ keys, bob }: Makers): IrregularCallers => ({
  'user for another user': [{ ...bob(), 'X-Tapis-User': 'eve' }, 'rejected'],
  'user for another tenant': [{ ...bob(), 'X-Tapis-Tenant': 'tb' }, 'rejected'],
  'user of the admin tenant': [{ 'X-Tapis-Token': mint(keys.admin, userOf('bob', 'admin')) }, 'rejected'],
  'delegated by another tenant': [bob({ 'tapis/delegation': true, 'tapis/delegation_sub': 'eve@tb' }), 'rejected'],
  'delegated within the tenant': [bob({ 'tapis/delegation': true, 'tapis/delegation_sub': 'eve@ta' }), 'admitted'],
  'delegated by half a name': [bob({ 'tapis/delegation': true, 'tapis/delegation_sub': 'eve' }), 'rejected'],
})

function withHeadersTwice({ jobs }: Makers): IrregularCallers {
  const flat = (headers: Readonly<Record<string, string>>) => Object.entries(headers).flat()
  return {
    'two tokens, the good one first': [[...flat(jobs()), 'X-Tapis-Token', 'abc'], 'admitted'],
    'two tokens, the bad one first': [['X-Tapis-Token', 'abc', ...flat(jobs())], 'rejected'],
    'two tenants, its own first': [[...flat(jobs()), 'X-Tapis-Tenant', 'tb'], 'admitted'],
    'two tenants, an unknown one first': [['X-Tapis-Tenant', 'nope', ...flat(jobs())], 'rejected'],
  }
}

const regular = ({ jobs, bob, user, service }: Makers): IrregularCallers => ({
  'user of ta': [bob(), 'admitted'],
  'user of a site without this service': [user('bob', 'tx'), 'admitted'],
  'administrator of ta': [user('alice', 'ta'), 'admitted'],
  'service for ta': [service('ta', 'bob'), 'admitted'],
  'a token of 16,000 characters': [jobs({ pad: 'x'.repeat(11_000) }), 'admitted'],
})

const withDamagedToken = ({ jobs, good }: Makers): IrregularCallers => ({
  'a fourth part': [{ ...jobs(), 'X-Tapis-Token': `${good}.x` }, 'rejected'],
  'a shortened signature': [{ ...jobs(), 'X-Tapis-Token': good.slice(0, -4) }, 'rejected'],
  'no signature': [{ ...jobs(), 'X-Tapis-Token': good.replace(/\.[^.]+$/, '.') }, 'rejected'],
})
