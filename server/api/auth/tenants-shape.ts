import { createHash } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { importPublicKey } from './public-key.ts'
import type { Site, Tenant, TenantsData } from './tenants.ts'

const Id = Type.String({ pattern: '\\S' })
const OptionalText = Type.Optional(Type.Union([Type.String(), Type.Null()]))

// The Tenants service leaves out members that are false, empty or null (contract 1.3), so nearly all are optional.
const RawTenant = Type.Object({ tenant_id: Id, site_id: OptionalText, public_key: OptionalText, base_url: OptionalText, token_service: OptionalText })
const RawSite = Type.Object({
  site_id: Id,
  primary: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  site_admin_tenant_id: OptionalText,
  services: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
  tenant_base_url_template: OptionalText,
})
type RawTenant = Static<typeof RawTenant>
type RawSite = Static<typeof RawSite>

/** What the two lists say, and what is wrong with them; the source decides which faults it lives with. */
export interface ReadLists {
  readonly data: Omit<TenantsData, 'warnings'>
  /** Entries that were left out: malformed, or a second one of the same id. */
  readonly entryFaults: readonly string[]
  /** Keys that were left out; their tenants stay. */
  readonly keyFaults: readonly string[]
  /** What makes the whole unusable. */
  readonly wholeFaults: readonly string[]
}

/** Reads the lists of `GET /v3/tenants` and `GET /v3/sites`, or of a file of the same shape. */
export async function readLists(lists: { tenants: readonly unknown[]; sites: readonly unknown[] }): Promise<ReadLists> {
  const entryFaults: string[] = []
  const rawTenants = distinct('tenants', RawTenant, lists.tenants, (tenant) => tenant.tenant_id, entryFaults)
  const rawSites = distinct('sites', RawSite, lists.sites, (site) => site.site_id, entryFaults)

  const keyFaults: string[] = []
  const tenants = await Promise.all(rawTenants.map((raw) => toTenant(raw, keyFaults)))
  const sites = rawSites.map(toSite)
  const primaries = sites.filter((site) => site.isPrimary).length
  return {
    data: { tenants: byId(tenants), sites: byId(sites), fingerprint: fingerprintOf(rawTenants, rawSites) },
    entryFaults,
    keyFaults,
    wholeFaults: [
      ...(lists.tenants.length === 0 ? ['tenants: the list is empty, nobody\'s token could be verified'] : []),
      ...(primaries === 1 ? [] : [`sites: exactly one must have "primary": true, ${primaries} have`]),
    ],
  }
}

function distinct<Schema extends typeof RawTenant | typeof RawSite>(
  list: string, schema: Schema, entries: readonly unknown[], idOf: (entry: Static<Schema>) => string, faults: string[],
): Static<Schema>[] {
  const found = new Map<string, Static<Schema>>()
  entries.forEach((entry, index) => {
    if (!Value.Check(schema, entry)) {
      faults.push(...Value.Errors(schema, entry).map((error) => `${list}/${index}${error.instancePath}: ${error.message}`))
    } else if (found.has(idOf(entry))) {
      faults.push(`${list}/${index}: ${idOf(entry)} is there twice`)
    } else {
      found.set(idOf(entry), entry)
    }
  })
  return [...found.values()]
}

async function toTenant(raw: RawTenant, faults: string[]): Promise<Tenant> {
  const key = await importPublicKey(raw.public_key ?? '').catch((error: unknown) => {
    faults.push(`tenant ${raw.tenant_id}: ${error instanceof Error ? error.message : String(error)}`)
    return undefined // one bad key must not lock out the other tenants
  })
  return { id: raw.tenant_id, siteId: textOf(raw.site_id), key, baseUrl: textOf(raw.base_url), tokenService: textOf(raw.token_service) }
}

const toSite = (raw: RawSite): Site => ({
  id: raw.site_id,
  isPrimary: raw.primary ?? false,
  adminTenantId: textOf(raw.site_admin_tenant_id),
  services: new Set(raw.services ?? []),
  tenantBaseUrlTemplate: textOf(raw.tenant_base_url_template),
})

const textOf = (value: string | null | undefined) => (value === null || value === undefined || value.trim() === '' ? undefined : value)

const byId = <T extends { readonly id: string }>(entries: readonly T[]): ReadonlyMap<string, T> => new Map(entries.map((entry) => [entry.id, entry]))

/** Over the members that count only, so that a changed description voids nothing; the order of the entries says nothing either. */
function fingerprintOf(tenants: readonly RawTenant[], sites: readonly RawSite[]): string {
  const facts = [
    ...tenants.map((raw) => JSON.stringify(['tenant', raw.tenant_id, raw.site_id, raw.public_key, raw.base_url, raw.token_service])),
    ...sites.map((raw) => JSON.stringify(['site', raw.site_id, raw.primary, raw.site_admin_tenant_id, raw.services, raw.tenant_base_url_template])),
  ]
  return createHash('sha256').update(facts.sort().join('\n')).digest('base64url')
}
