import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { runWithin } from '../../../runtime/within.ts'
import { createJsonClient } from '../json-client.ts'
import { parseTenantLists } from './tenant-lists.ts'
import { UnusableTenants, type TenantsSource } from './tenants.ts'

const ListResponse = Type.Object({ result: Type.Array(Type.Unknown()) })

export interface ServiceSourceOptions {
  /** For both lists together, to the last byte. */
  readonly timeoutMs?: number
  /** For each list. */
  readonly maxBodyBytes?: number
}

/**
 * Creates the source for the Tenants service at `baseUrl`. Malformed entries are skipped with a warning: those of one
 * tenant must not lock out the others.
 */
export function createServiceSource(
  baseUrl: string,
  { timeoutMs = 10_000, maxBodyBytes = 10 * 1024 * 1024 }: ServiceSourceOptions = {},
): TenantsSource {
  const client = createJsonClient({ maxBodyBytes })
  const base = baseUrl.replace(/\/+$/, '')

  async function list(name: 'tenants' | 'sites', signal: AbortSignal): Promise<readonly unknown[]> {
    const url = `${base}/v3/${name}`
    const response = await client.send(url, { signal })
    if (response.kind === 'rejected') throw new Error(`${url} responded with ${response.statusCode}`)
    if (!Value.Check(ListResponse, response.value)) throw new Error(`${url} responded without a list named result`)
    return response.value.result
  }

  return {
    async load(stop) {
      const [tenants, sites] = await runWithin(
        timeoutMs,
        (signal) => Promise.all([list('tenants', signal), list('sites', signal)]),
        stop,
      )
      const { data, entryViolations, listViolations, keyViolations } = await parseTenantLists({ tenants, sites })
      if (listViolations.length > 0) throw new UnusableTenants(`${base}: ${listViolations.join('; ')}`, entryViolations)
      return { ...data, warnings: [...entryViolations, ...keyViolations] }
    },
  }
}
