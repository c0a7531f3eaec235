import { startSite, type Site } from './site.ts'
import { createSigner, mint, type Signer, type TokenClaims } from './tokens.ts'

/**
 * | site         | tenants           | services      |
 * |--------------|-------------------|---------------|
 * | s1, primary  | admin, ta, tb     | notifications |
 * | s2           | adminx, tx        | jobs          |
 */
const TENANTS = { admin: 's1', ta: 's1', tb: 's1', adminx: 's2', tx: 's2' } as const
export type TenantId = keyof typeof TENANTS

const SITES = [
  { site_id: 's1', primary: true, site_admin_tenant_id: 'admin', services: ['notifications'] },
  { site_id: 's2', primary: false, site_admin_tenant_id: 'adminx', services: ['jobs'] },
]

export interface TwoSites extends Site {
  readonly keys: Readonly<Record<TenantId | 'rogue', Signer>>
}

/** The service of site s1; `ta:alice` administers ta. `env` as an operator would set it. */
export async function startTwoSites(env: Readonly<Record<string, string>> = {}): Promise<TwoSites> {
  const keys = {
    admin: createSigner(),
    ta: createSigner(),
    tb: createSigner(),
    adminx: createSigner(),
    tx: createSigner(),
    rogue: createSigner(),
  }
  const tenants = Object.entries(TENANTS).map(([id, site]) => ({
    tenant_id: id,
    site_id: site,
    public_key: keys[id as TenantId].publicKey,
    status: 'active',
  }))
  const site = await startSite(
    { tenants, sites: SITES },
    { TIDINGS_CANARY_INTERVAL_S: '0', TAPIS_SITE_ID: 's1', TIDINGS_ADMINS: 'ta:alice', ...env },
  )
  return { ...site, keys }
}

const inFourHours = () => Math.floor(Date.now() / 1000) + 14_400

export const userOf = (name: string, tenant: string, changes: TokenClaims = {}): TokenClaims => ({
  sub: `${name}@${tenant}`,
  iss: 'x',
  exp: inFourHours(),
  'tapis/tenant_id': tenant,
  'tapis/token_type': 'access',
  'tapis/delegation': false,
  'tapis/delegation_sub': null,
  'tapis/username': name,
  'tapis/account_type': 'user',
  ...changes,
})

export const serviceOf = (name: string, changes: TokenClaims = {}): TokenClaims =>
  userOf(name, 'admin', { 'tapis/account_type': 'service', 'tapis/target_site': 's1', ...changes })

/** Headers of callers. */
export const callersOf = ({ keys }: Pick<TwoSites, 'keys'>) => ({
  user: (name: string, tenant: 'ta' | 'tb' | 'tx') => ({ 'X-Tapis-Token': mint(keys[tenant], userOf(name, tenant)) }),
  service: (tenant: string, user: string, service = 'jobs') => ({
    'X-Tapis-Token': mint(keys.admin, serviceOf(service)),
    'X-Tapis-User': user,
    'X-Tapis-Tenant': tenant,
  }),
})
