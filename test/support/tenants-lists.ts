import type { Signer } from './tokens.ts'

/** The lists of the Tenants service, as plain objects that a test may change. */
export interface TenantLists {
  tenants: Record<string, unknown>[]
  sites: Record<string, unknown>[]
}

/**
 * | site         | tenants                  | services      |
 * |--------------|--------------------------|---------------|
 * | dev, primary | admin (site admin), dev  | notifications |
 * | branch       | branch-admin, lab        |               |
 * | third        | third-admin              |               |
 *
 * Besides: `homeless` has no site, the site of `ghost` is not in the list, and the key of `keyless` cannot be decoded.
 */
export function createTenantLists({ admin, dev, other }: { admin: Signer; dev: Signer; other: Signer }): TenantLists {
  const tenant = (id: string, siteId: string | undefined, { publicKey }: { publicKey: string } = other) => ({
    tenant_id: id,
    site_id: siteId,
    public_key: publicKey,
    status: 'active',
  })
  return {
    tenants: [
      tenant('admin', 'dev', admin),
      tenant('dev', 'dev', dev),
      tenant('branch-admin', 'branch'),
      tenant('lab', 'branch'),
      tenant('third-admin', 'third'),
      tenant('homeless', undefined),
      tenant('ghost', 'nowhere'),
      tenant('keyless', 'dev', { publicKey: 'garbage' }),
    ],
    sites: [
      { site_id: 'dev', primary: true, site_admin_tenant_id: 'admin', services: ['notifications', 'jobs'] },
      { site_id: 'branch', site_admin_tenant_id: 'branch-admin' },
      { site_id: 'third', site_admin_tenant_id: 'third-admin' },
    ],
  }
}

/** Changes members of the entry with this id. */
export function changeEntry(list: Record<string, unknown>[], id: string, changes: Record<string, unknown>): void {
  const entry = list.find(({ tenant_id: tenantId, site_id: siteId }) => (tenantId ?? siteId) === id)
  if (!entry) throw new Error(`no entry ${id}`)
  Object.assign(entry, changes)
}
