import { randomUUID } from 'node:crypto'
import { importPKCS8, SignJWT } from 'jose'
import type { Config } from '../../config/config.ts'
import { openDevelopmentKeys } from './development-keys.ts'
import { DEVELOPMENT_ADMIN_TENANT } from './tenants/tenants-development-source.ts'

export const DEFAULT_TTL_S = 14_400 // what real services ask the Tokens service for (protocol 1.7)

/** Users belong to `dev`; services to the admin tenant, whichever user they act for. */
export type TokenHolder =
  { readonly kind: 'service'; readonly name: string } | { readonly kind: 'user'; readonly name: string }

export interface MintOptions {
  readonly ttlS?: number
  readonly nowMs?: number
}

/**
 * Returns an access token as the Tokens service would issue it (protocol 1.2), signed with a development key, which is
 * made when absent. Throws `NotDevelopmentError` when real tenants are configured.
 */
export async function mintDevelopmentToken(
  config: Pick<Config, 'dataDir' | 'siteId' | 'tenants'>,
  { kind, name }: TokenHolder,
  { ttlS = DEFAULT_TTL_S, nowMs = Date.now() }: MintOptions = {},
): Promise<string> {
  const tenant = kind === 'service' ? DEVELOPMENT_ADMIN_TENANT : 'dev'
  const keys = await openDevelopmentKeys(config)
  const claims = {
    'tapis/tenant_id': tenant,
    'tapis/token_type': 'access',
    'tapis/delegation': false,
    'tapis/delegation_sub': null,
    'tapis/username': name,
    'tapis/account_type': kind,
    ...(kind === 'service' ? { 'tapis/target_site': config.siteId } : {}),
  }
  return new SignJWT(claims)
    .setProtectedHeader({ typ: 'JWT', alg: 'RS256' })
    .setJti(randomUUID())
    .setIssuer('tidings-development')
    .setSubject(`${name}@${tenant}`)
    .setExpirationTime(Math.floor(nowMs / 1000) + ttlS)
    .sign(await importPKCS8(keys[tenant].privateKey, 'RS256'))
}
