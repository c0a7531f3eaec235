import type { CryptoKey } from 'jose'

/** A tenant as far as authentication and authorization care. */
export interface Tenant {
  readonly id: string
  /** Undefined when the Tenants service gave none. */
  readonly siteId: string | undefined
  /** Undefined when the tenant has no key, or one that cannot be decoded; its tokens are refused then. */
  readonly key: CryptoKey | undefined
  /** Where its services are. */
  readonly baseUrl?: string | undefined
  /** Where its tokens come from. */
  readonly tokenService?: string | undefined
}

export interface Site {
  readonly id: string
  readonly isPrimary: boolean
  readonly adminTenantId: string | undefined
  readonly services: ReadonlySet<string>
  /** Where this site serves the tenants of others: with the literal `${tenant_id}`. */
  readonly tenantBaseUrlTemplate?: string | undefined
}

/** One consistent picture of all tenants and sites. Never changed in place: new facts are a new picture. */
export interface TenantsData {
  readonly tenants: ReadonlyMap<string, Tenant>
  readonly sites: ReadonlyMap<string, Site>
  /** Equal for two pictures that say the same; whatever was derived from one then holds for the other. */
  readonly fingerprint: string
  /** What was left out of the picture, one sentence each, for the log. */
  readonly warnings: readonly string[]
}

/**
 * Whether tokens of `jwtTenant` may act for `tenant` (contract 1.3, allowable). A tenant acts for itself; a site's admin
 * tenant for the tenants of its site, the primary site's for all known tenants; nobody for a tenant that is not known.
 */
export function mayActFor({ tenants, sites }: TenantsData, jwtTenant: string, tenant: string): boolean {
  if (jwtTenant === tenant) return true
  const target = tenants.get(tenant)
  if (!target) return false
  return [...sites.values()].some((site) => site.adminTenantId === jwtTenant && (site.isPrimary || site.id === target.siteId))
}
