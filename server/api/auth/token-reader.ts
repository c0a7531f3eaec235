import { rejected, type Rejection } from './rejection.ts'
import type { TenantsData } from './tenants/tenants.ts'
import { checkTimes, parseToken, verifySignature, type Claims } from './jwt.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

export interface TokenReader {
  /** `generation` is that of `data`. */
  read(token: string, data: TenantsData, generation: number): Promise<Claims | Rejection>
}

/** Applies protocol rows 5 to 10. A token is parsed and verified once; its times are checked on each use. */
export function createTokenReader({ clock }: { clock: () => number }): TokenReader {
  const verified = createVerifiedTokens()
  return {
    async read(token, data, generation) {
      const known = verified.get(token, generation)
      if (known) return checkTimes(known, clock()) ?? known
      const claims = parseToken(token, clock())
      if (claims.kind === 'rejected') return claims
      const key = data.tenants.get(claims.tenantId)?.key
      if (!key) return rejected('TAPIS_SECURITY_JWT_KEY_ERROR', {}, { mayBeStale: true })
      const signatureRejection = await verifySignature(token, key)
      if (signatureRejection) return signatureRejection
      verified.put(token, generation, claims)
      return claims
    },
  }
}
