import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { withLimit } from '../../runtime/limit.ts'
import { createJsonClient } from './json-client.ts'
import type { TenantsSource } from './tenants-in-force.ts'
import { readLists } from './tenants-shape.ts'

const Answer = Type.Object({ result: Type.Array(Type.Unknown()) })

export interface ServiceSourceOptions {
  /** For both lists together, to the last byte. */
  readonly timeoutMs?: number
  /** For each list. */
  readonly maxBodyBytes?: number
}

/** The Tenants service at `baseUrl`. Malformed entries are left out with a warning: one tenant's must not lock out the others. */
export function createServiceSource(baseUrl: string, { timeoutMs = 10_000, maxBodyBytes = 10 * 1024 * 1024 }: ServiceSourceOptions = {}): TenantsSource {
  const client = createJsonClient({ maxBodyBytes })
  const base = baseUrl.replace(/\/+$/, '')

  async function list(name: 'tenants' | 'sites', signal: AbortSignal): Promise<readonly unknown[]> {
    const url = `${base}/v3/${name}`
    const answer = await client.ask(url, { signal })
    if (answer.kind === 'refused') throw new Error(`${url} answered ${answer.statusCode}`)
    if (!Value.Check(Answer, answer.value)) throw new Error(`${url} answered without a list named result`)
    return answer.value.result
  }

  return {
    async load(stop) {
      const [tenants, sites] = await withLimit(timeoutMs, (signal) => Promise.all([list('tenants', signal), list('sites', signal)]), stop)
      const { data, entryFaults, wholeFaults, keyFaults } = await readLists({ tenants, sites })
      if (wholeFaults.length > 0) throw new Error(`${base}: ${wholeFaults.join('; ')}`)
      return { ...data, warnings: [...entryFaults, ...keyFaults] }
    },
  }
}
