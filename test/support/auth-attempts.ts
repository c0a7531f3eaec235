import type { IncomingHttpHeaders } from 'node:http'
import { createAuthenticator } from '@tidings/server/api/auth/caller.ts'
import { createTenants } from '@tidings/server/api/auth/tenants/current-tenants.ts'
import { parseTenantLists } from '@tidings/server/api/auth/tenants/tenant-lists.ts'
import { createLog } from '@tidings/server/log.ts'
import { createTenantLists, type TenantLists } from './tenants-lists.ts'
import { createSigner, mint, serviceClaims, userClaims, type Signer, type TokenClaims } from './tokens.ts'

export type Kind = 'user' | 'service'

/** A request that is right but for what a test gives here. */
export interface Attempt {
  claims?: TokenClaims
  headers?: IncomingHttpHeaders
  token?: (claims: TokenClaims) => string
  signer?: Signer
  lists?: (lists: TenantLists) => void
  siteId?: string
}

export const [admin, dev, other] = [createSigner(), createSigner(), createSigner()]
const log = createLog({ level: 'silent', isTerminal: false })
export const NOW_S = Math.floor(Date.now() / 1000)

export async function authenticatorFor(
  { lists: edit = () => undefined, siteId = 'dev' }: Pick<Attempt, 'lists' | 'siteId'> = {},
  clock?: () => number,
) {
  const lists = createTenantLists({ admin, dev, other })
  edit(lists)
  const initial = { ...(await parseTenantLists(lists)).data, warnings: [] }
  const tenants = createTenants({
    source: { load: () => Promise.resolve(initial) },
    initial,
    log,
    pollMs: 1000,
    refreshFloorMs: 0,
  })
  return createAuthenticator({ tenants, siteId, log, ...(clock ? { clock } : {}) })
}

export function requestOf(kind: Kind, { claims = {}, headers = {}, signer, token }: Attempt): IncomingHttpHeaders {
  const all = kind === 'user' ? userClaims(claims) : serviceClaims(claims)
  const obo = kind === 'user' ? {} : { 'x-tapis-user': 'jdoe', 'x-tapis-tenant': 'dev' }
  const signed = token ? token(all) : mint(signer ?? (kind === 'user' ? dev : admin), all)
  return { 'x-tapis-token': signed, ...obo, ...headers }
}
