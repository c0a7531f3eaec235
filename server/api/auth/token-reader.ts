import { refused, type Refusal } from './refusal.ts'
import type { TenantsData } from './tenants.ts'
import { checkTimes, parseToken, verifySignature, type Claims } from './token.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

export interface TokenReader {
  /** `generation` is that of `data`. */
  read(token: string, data: TenantsData, generation: number): Promise<Claims | Refusal>
}

/** Rows 5 to 10 of the decision table (contract 1.4). A token is parsed and verified once; its times are checked on each use. */
export function createTokenReader({ clock }: { clock: () => number }): TokenReader {
  const verified = createVerifiedTokens()
  return {
    async read(token, data, generation) {
      const known = verified.get(token, generation)
      if (known) return checkTimes(known, clock()) ?? known
      const claims = parseToken(token, clock())
      if (claims.kind === 'refused') return claims
      const key = data.tenants.get(claims.tenantId)?.key
      if (!key) return refused('TAPIS_SECURITY_JWT_KEY_ERROR', {}, { mayBeStale: true })
      const signatureFault = await verifySignature(token, key)
      if (signatureFault) return signatureFault
      verified.put(token, generation, claims)
      return claims
    },
  }
}
