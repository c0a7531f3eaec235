import type { CryptoKey } from 'jose'

/** A tenant as far as authentication and authorization care. */
export interface Tenant {
  readonly id: string
  /** Undefined when the Tenants service gave none. */
  readonly siteId: string | undefined
  /** Undefined when the tenant has no key, or one that cannot be decoded; its tokens are rejected then. */
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

/** One consistent snapshot of all tenants and sites, never changed in place. */
export interface TenantsData {
  readonly tenants: ReadonlyMap<string, Tenant>
  readonly sites: ReadonlyMap<string, Site>
  /** Equal for two snapshots with the same content; whatever was derived from one is valid for the other. */
  readonly fingerprint: string
  /** What the snapshot leaves out, one sentence each, for the log. */
  readonly warnings: readonly string[]
}

/** The lists have nothing usable. */
export class UnusableTenants extends Error {
  /** Why their entries were left out, for the log. */
  readonly entryViolations: readonly string[]

  constructor(message: string, entryViolations: readonly string[]) {
    super(message)
    this.name = 'UnusableTenants'
    this.entryViolations = entryViolations
  }
}

/** Where tenants and sites come from. `load` rejects when there is nothing usable. */
export interface TenantsSource {
  load(signal: AbortSignal): Promise<TenantsData>
}

/**
 * Whether tokens of `jwtTenant` may act for `tenant` (protocol 1.3, allowable). A tenant acts for itself; a site's
 * admin tenant for the tenants of its site, that of the primary site for all known tenants. For an unknown tenant
 * nobody may act.
 */
export function mayActFor({ tenants, sites }: TenantsData, jwtTenant: string, tenant: string): boolean {
  if (jwtTenant === tenant) return true
  const target = tenants.get(tenant)
  if (!target) return false
  return [...sites.values()].some(
    (site) => site.adminTenantId === jwtTenant && (site.isPrimary || site.id === target.siteId),
  )
}
