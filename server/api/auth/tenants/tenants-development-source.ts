import { SERVICE_NAME } from '@tidings/contract/service-name.ts'
import type { Config } from '../../../config/config.ts'
import { openDevelopmentKeys } from '../development-keys.ts'
import { parseTenantLists } from './tenant-lists.ts'
import type { TenantsSource } from './tenants.ts'

/** The tenant of service tokens during development. */
export const DEVELOPMENT_ADMIN_TENANT = 'admin'

/**
 * Creates the source of one primary site, named as configured, with its admin tenant `admin` and a tenant `dev`. Makes
 * their keys when there are none.
 */
export function createDevelopmentSource(config: Pick<Config, 'dataDir' | 'siteId' | 'tenants'>): TenantsSource {
  return {
    async load() {
      const { data, keyViolations } = await parseTenantLists(await developmentLists(config))
      return { ...data, warnings: keyViolations }
    },
  }
}

/** Returns them in the form of a TENANTS_FILE, with the public keys alone. Makes the keys when there are none. */
export async function developmentLists(config: Pick<Config, 'dataDir' | 'siteId' | 'tenants'>) {
  const keys = await openDevelopmentKeys(config)
  return {
    tenants: Object.entries(keys).map(([id, { publicKey }]) => ({
      tenant_id: id,
      site_id: config.siteId,
      public_key: publicKey,
    })),
    sites: [
      {
        site_id: config.siteId,
        primary: true,
        site_admin_tenant_id: DEVELOPMENT_ADMIN_TENANT,
        services: [SERVICE_NAME],
      },
    ],
  }
}
