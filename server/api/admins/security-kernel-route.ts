import type { TenantsData } from '../auth/tenants/tenants.ts'

const KERNEL = 'security'
const TOKENS_PATH = '/v3/tokens'

/** Where this service gets its own token, and which Security Kernel decides about a user (protocol 1.7). */
export interface SecurityKernelRoute {
  readonly tokensUrl: string
  readonly isAdminUrl: string
  /** The admin tenant of the own site: this service belongs to it, and requests its token for it. */
  readonly adminTenant: string
  /** The site of the Security Kernel; the token is for it. */
  readonly targetSite: string
}

/**
 * Returns the route to the Security Kernel of the own site, or of the primary site when the own one has none. Throws
 * when the tenants do not say where it is.
 */
export function routeToSecurityKernel(data: TenantsData, siteId: string): SecurityKernelRoute {
  const adminTenant = present(data.sites.get(siteId)?.adminTenantId, `site ${siteId} has no site_admin_tenant_id`)
  const tokenService = present(
    data.tenants.get(adminTenant)?.tokenService,
    `tenant ${adminTenant} has no token_service`,
  )
  const { baseUrl, targetSite } = kernelFor(data, adminTenant)
  const tokensBase = withoutSlash(tokenService)
  return {
    tokensUrl: tokensBase.endsWith(TOKENS_PATH) ? tokensBase : `${tokensBase}${TOKENS_PATH}`,
    isAdminUrl: `${withoutSlash(baseUrl)}/v3/security/user/isAdmin?pretty=false`,
    adminTenant,
    targetSite,
  }
}

function kernelFor({ tenants, sites }: TenantsData, tenantId: string): { baseUrl: string; targetSite: string } {
  const tenant = tenants.get(tenantId)
  const owningSite = tenant?.siteId === undefined ? undefined : sites.get(tenant.siteId)
  if (owningSite?.services.has(KERNEL))
    return { baseUrl: present(tenant?.baseUrl, `tenant ${tenantId} has no base_url`), targetSite: owningSite.id }
  const primary = present(
    [...sites.values()].find((site) => site.isPrimary),
    'no site is primary',
  )
  const template = present(primary.tenantBaseUrlTemplate, `site ${primary.id} has no tenant_base_url_template`)
  return { baseUrl: template.replaceAll('${tenant_id}', () => tenantId), targetSite: primary.id }
}

function present<T>(value: T | undefined, violation: string): T {
  if (value === undefined) throw new Error(violation)
  return value
}

const withoutSlash = (url: string) => url.replace(/\/+$/, '')
