import { createHash } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { importPublicKey } from './public-key.ts'
import type { Site, Tenant, TenantsData } from './tenants.ts'

const Id = Type.String({ pattern: '\\S' })
const OptionalText = Type.Optional(Type.Union([Type.String(), Type.Null()]))

// The Tenants service leaves out members that are false, empty or null (protocol 1.3), so nearly all are optional.
const RawTenant = Type.Object({
  tenant_id: Id,
  site_id: OptionalText,
  public_key: OptionalText,
  base_url: OptionalText,
  token_service: OptionalText,
})
const RawSite = Type.Object({
  site_id: Id,
  primary: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  site_admin_tenant_id: OptionalText,
  services: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
  tenant_base_url_template: OptionalText,
})
type RawTenant = Static<typeof RawTenant>
type RawSite = Static<typeof RawSite>

/** The usable entries, and what is wrong with the others. The source decides which violations it tolerates. */
export interface ParsedTenantLists {
  readonly data: Omit<TenantsData, 'warnings'>
  /** Why entries were left out, perhaps several texts for one: malformed, or the id of an earlier entry. */
  readonly entryViolations: readonly string[]
  /** Why keys are unusable, or missing. Their tenants stay; the tokens of these are rejected. */
  readonly keyViolations: readonly string[]
  /** Why the lists as a whole are unusable. */
  readonly listViolations: readonly string[]
}

/** Reads the lists of `GET /v3/tenants` and `GET /v3/sites`, or of a file of the same shape. */
export async function parseTenantLists(lists: {
  tenants: readonly unknown[]
  sites: readonly unknown[]
}): Promise<ParsedTenantLists> {
  const entryViolations: string[] = []
  const rawTenants = distinct('tenants', RawTenant, lists.tenants, (tenant) => tenant.tenant_id, entryViolations)
  const rawSites = distinct('sites', RawSite, lists.sites, (site) => site.site_id, entryViolations)

  const keyViolations: string[] = []
  const tenants = await Promise.all(rawTenants.map((raw) => toTenant(raw, keyViolations)))
  const sites = rawSites.map(toSite)
  const primaries = sites.filter((site) => site.isPrimary).length
  return {
    data: { tenants: byId(tenants), sites: byId(sites), fingerprint: fingerprintOf(rawTenants, rawSites) },
    entryViolations,
    keyViolations,
    listViolations: [
      ...(rawTenants.length === 0 ? ['tenants: there is no usable entry, so no token could be verified'] : []),
      ...(primaries === 1 ? [] : [`sites: exactly one must have "primary": true, ${primaries} have`]),
    ],
  }
}

function distinct<Schema extends typeof RawTenant | typeof RawSite>(
  list: string,
  schema: Schema,
  entries: readonly unknown[],
  idOf: (entry: Static<Schema>) => string,
  violations: string[],
): Static<Schema>[] {
  const found = new Map<string, Static<Schema>>()
  entries.forEach((entry, index) => {
    if (!Value.Check(schema, entry)) {
      violations.push(
        ...Value.Errors(schema, entry).map((error) => `${list}/${index}${error.instancePath}: ${error.message}`),
      )
    } else if (found.has(idOf(entry))) {
      violations.push(`${list}/${index}: ${idOf(entry)} appears twice`)
    } else {
      found.set(idOf(entry), entry)
    }
  })
  return [...found.values()]
}

async function toTenant(raw: RawTenant, violations: string[]): Promise<Tenant> {
  const key = await importPublicKey(raw.public_key ?? '').catch((error: unknown) => {
    violations.push(`tenant ${raw.tenant_id}: ${error instanceof Error ? error.message : String(error)}`)
    return undefined // one bad key must not lock out the other tenants
  })
  return {
    id: raw.tenant_id,
    siteId: textOf(raw.site_id),
    key,
    baseUrl: textOf(raw.base_url),
    tokenService: textOf(raw.token_service),
  }
}

const toSite = (raw: RawSite): Site => ({
  id: raw.site_id,
  isPrimary: raw.primary ?? false,
  adminTenantId: textOf(raw.site_admin_tenant_id),
  services: new Set(raw.services ?? []),
  tenantBaseUrlTemplate: textOf(raw.tenant_base_url_template),
})

const textOf = (value: string | null | undefined) =>
  value === null || value === undefined || value.trim() === '' ? undefined : value

const byId = <T extends { readonly id: string }>(entries: readonly T[]): ReadonlyMap<string, T> =>
  new Map(entries.map((entry) => [entry.id, entry]))

/**
 * Hashes the members that are read and no others, in any order of the entries: a load with an equal fingerprint is
 * ignored. A member that is added to `RawTenant` or `RawSite` must be added here too, or its changes have no effect.
 */
function fingerprintOf(tenants: readonly RawTenant[], sites: readonly RawSite[]): string {
  const facts = [
    ...tenants.map((raw) =>
      JSON.stringify(['tenant', raw.tenant_id, raw.site_id, raw.public_key, raw.base_url, raw.token_service]),
    ),
    ...sites.map((raw) =>
      JSON.stringify([
        'site',
        raw.site_id,
        raw.primary,
        raw.site_admin_tenant_id,
        raw.services,
        raw.tenant_base_url_template,
      ]),
    ),
  ]
  return createHash('sha256').update(facts.sort().join('\n')).digest('base64url')
}
