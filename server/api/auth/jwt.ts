import { isObject } from '@tidings/contract/is-object.ts'
import { compactVerify, decodeProtectedHeader, errors, type CryptoKey } from 'jose'
import { rejected, type Rejection } from './rejection.ts'

/** Longer tokens are not parsed; real ones have about 1 KiB. */
export const MAX_TOKEN_LENGTH = 16 * 1024

/** What the service uses of a token (protocol 1.2). */
export interface Claims {
  readonly kind: 'claims'
  readonly expiresAtS: number
  readonly notBeforeS: number | undefined
  readonly tenantId: string
  readonly tokenType: string | undefined
  readonly accountType: string | undefined
  readonly username: string | undefined
  readonly isDelegated: boolean
  readonly delegationSub: string | undefined
  readonly targetSite: string | undefined
}

const NEW_TOKEN =
  'users get a new one where they log in, services from the Tokens service of their site, developers with npm run token'

type Json = Readonly<Record<string, unknown>>

/** Applies protocol rows 5 to 8. Nothing in the result is trustworthy before `verifySignature`. */
export function parseToken(token: string, nowMs: number): Claims | Rejection {
  if (token.length > MAX_TOKEN_LENGTH)
    return rejected('TAPIS_SECURITY_JWT_PARSE_ERROR', { reason: 'longer than 16 KiB' })
  const parts = token.split('.')
  const header = parts.length === 3 ? headerOf(token) : undefined
  const payload = payloadOf(parts[1] ?? '')
  if (!header || !payload)
    return rejected('TAPIS_SECURITY_JWT_PARSE_ERROR', {
      reason: 'malformed',
      ...(/^bearer\s/i.test(token) ? { hint: 'X-Tapis-Token takes the token alone, without Bearer' } : {}),
    })
  if (isExtended(header))
    return rejected('TAPIS_SECURITY_JWT_PARSE_ERROR', { reason: 'the header asks for b64 or crit' })
  const body = payload.value
  if (!isObject(body) || Object.keys(body).length === 0) return rejected('TAPIS_SECURITY_JWT_NO_CLAIMS')

  const { exp, nbf } = body
  if (!isTime(exp) || !isTime(nbf))
    return rejected('TAPIS_SECURITY_JWT_PARSE_ERROR', { reason: 'exp or nbf is not a number' })
  const timeRejection = checkTimes({ expiresAtS: exp ?? Infinity, notBeforeS: nbf }, nowMs)
  if (timeRejection) return timeRejection
  const claims = toClaims(body, exp, nbf)
  if (claims.kind === 'rejected') return claims
  // RS256 only: with a choice, a token could ask for its verification with a weaker one, or for none.
  return header.alg === 'RS256' ? claims : rejected('TAPIS_SECURITY_JWT_INVALID_ALG')
}

/** Without leeway. `exp` itself is too late (RFC 7519 §4.1.4), `nbf` itself is not too early (§4.1.5). */
export function checkTimes(
  { expiresAtS, notBeforeS = -Infinity }: Pick<Claims, 'expiresAtS' | 'notBeforeS'>,
  nowMs: number,
): Rejection | undefined {
  if (nowMs >= expiresAtS * 1000)
    return rejected('TAPIS_SECURITY_JWT_EXPIRED', { ...instant('expired', expiresAtS), hint: NEW_TOKEN })
  return nowMs < notBeforeS * 1000
    ? rejected('TAPIS_SECURITY_JWT_EXPIRED', instant('validFrom', notBeforeS))
    : undefined
}

/**
 * Returns a claimed time for the details of a rejection. It comes from an unverified token, but it is a number that its
 * holder can read anyway.
 */
function instant(name: string, seconds: number): Readonly<Record<string, string>> {
  const time = new Date(seconds * 1000)
  return Number.isNaN(time.getTime()) ? {} : { [name]: time.toISOString() }
}

/**
 * Whether the header asks for an encoding of the payload or for extensions that this service does not implement: it may
 * ignore neither (RFC 7797 §7, RFC 7515 §4.1.11). No issuer of tokens uses either.
 */
const isExtended = (header: Json) => header.crit !== undefined || (header.b64 !== undefined && header.b64 !== true)

/** Applies protocol row 10. Returns undefined when the signature is that of `key`. */
export async function verifySignature(token: string, key: CryptoKey): Promise<Rejection | undefined> {
  try {
    await compactVerify(token, key, { algorithms: ['RS256'] })
    return undefined
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error
    const mayBeStale = error instanceof errors.JWSSignatureVerificationFailed // the tenant may have a new key
    return rejected('TAPIS_SECURITY_JWT_PARSE_ERROR', { reason: 'signature' }, { mayBeStale })
  }
}

function headerOf(token: string): Json | undefined {
  try {
    return decodeProtectedHeader(token)
  } catch (error) {
    // thrown by jose for a header that is not base64url or not a JSON object
    if (error instanceof TypeError) return undefined
    throw error
  }
}

/** Wrapped, because the payload may well be the JSON text `null`. */
function payloadOf(part: string): { readonly value: unknown } | undefined {
  if (part === '') return { value: undefined }
  try {
    return { value: JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/**
 * Applies protocol row 7. A token without expiry is never issued (protocol 1.2), so one without `exp` is rejected as
 * well.
 */
function toClaims(body: Json, exp: number | undefined, notBeforeS: number | undefined): Claims | Rejection {
  const tenantId = textOf(body['tapis/tenant_id'])
  if (tenantId === undefined) return rejected('TAPIS_SECURITY_JWT_CLAIM_NOT_FOUND', { claim: 'tapis/tenant_id' })
  if (exp === undefined) return rejected('TAPIS_SECURITY_JWT_CLAIM_NOT_FOUND', { claim: 'exp' })
  return {
    kind: 'claims',
    expiresAtS: exp,
    notBeforeS,
    tenantId,
    tokenType: textOf(body['tapis/token_type']),
    accountType: textOf(body['tapis/account_type']),
    username: textOf(body['tapis/username']),
    // anything but an explicit no counts as yes
    isDelegated: ![undefined, null, false].some((no) => body['tapis/delegation'] === no),
    delegationSub: textOf(body['tapis/delegation_sub']),
    targetSite: textOf(body['tapis/target_site']),
  }
}

const isTime = (value: unknown): value is number | undefined =>
  value === undefined || (typeof value === 'number' && Number.isFinite(value))

const textOf = (value: unknown) => (typeof value === 'string' && value.trim() !== '' ? value : undefined)
