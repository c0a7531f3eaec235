import { createHmac, generateKeyPairSync, sign } from 'node:crypto'

/** A key pair of a tenant, both halves as PEM text. */
export interface Signer {
  readonly publicKey: string
  readonly privateKey: string
}

export const createSigner = (modulusLength = 2048): Signer =>
  generateKeyPairSync('rsa', {
    modulusLength,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })

/** Members that are undefined are left out of the token. */
export type TokenClaims = Readonly<Record<string, unknown>>

const inFourHours = () => Math.floor(Date.now() / 1000) + 14_400

/** Claims of an access token of a user (protocol 1.2). */
export const userClaims = (changes: TokenClaims = {}): TokenClaims => ({
  sub: 'jdoe@dev',
  exp: inFourHours(),
  'tapis/tenant_id': 'dev',
  'tapis/token_type': 'access',
  'tapis/delegation': false,
  'tapis/delegation_sub': null,
  'tapis/username': 'jdoe',
  'tapis/account_type': 'user',
  ...changes,
})

/** Claims of an access token of a service, for the site `dev`. */
export const serviceClaims = (changes: TokenClaims = {}): TokenClaims => ({
  sub: 'jobs@admin',
  exp: inFourHours(),
  'tapis/tenant_id': 'admin',
  'tapis/token_type': 'access',
  'tapis/delegation': false,
  'tapis/delegation_sub': null,
  'tapis/username': 'jobs',
  'tapis/account_type': 'service',
  'tapis/target_site': 'dev',
  ...changes,
})

/** Any token, good or bad: `alg` of the header decides how it is signed, whatever the verifier wants. */
export function mint(signer: Signer, claims: unknown, header: Record<string, unknown> = { alg: 'RS256' }): string {
  const input = `${base64url({ typ: 'JWT', ...header })}.${base64url(claims)}`
  return `${input}.${signatureOf(input, header['alg'], signer)}`
}

const base64url = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** The token with other claims under its old signature. */
export function tampered(token: string, claims: unknown): string {
  const [header, , signature] = token.split('.')
  return [header, base64url(claims), signature].join('.')
}

function signatureOf(input: string, alg: unknown, { publicKey, privateKey }: Signer): string {
  switch (alg) {
    case 'RS256':
      return sign('sha256', Buffer.from(input), privateKey).toString('base64url')
    case 'RS512':
      return sign('sha512', Buffer.from(input), privateKey).toString('base64url')
    // the classic confusion: the public key as the secret
    case 'HS256':
      return createHmac('sha256', publicKey).update(input).digest('base64url')
    default:
      return ''
  }
}
