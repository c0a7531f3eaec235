import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { Agent, request } from 'undici'
import type { TenantsSource } from './tenants-in-force.ts'
import { startDeadline } from '../../runtime/deadline.ts'
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
  const agent = new Agent({ maxResponseSize: maxBodyBytes })
  const base = baseUrl.replace(/\/+$/, '')

  async function list(name: 'tenants' | 'sites', signal: AbortSignal): Promise<readonly unknown[]> {
    const url = `${base}/v3/${name}`
    // `reset` closes the connection after the answer: an idle one would only be stale by the next load.
    const { statusCode, body } = await request(url, { dispatcher: agent, reset: true, signal, headers: { accept: 'application/json' } })
    if (statusCode !== 200) { // a redirect too: keys come from the address that was configured, or not at all
      await body.dump()
      throw new Error(`${url} answered ${statusCode}`)
    }
    const answer = await body.json()
    if (!Value.Check(Answer, answer)) throw new Error(`${url} answered without a list named result`)
    return answer.result
  }

  return {
    async load(stop) {
      const [tenants, sites] = await withLimit(stop, timeoutMs, (signal) => Promise.all([list('tenants', signal), list('sites', signal)]))
      const { data, entryFaults, wholeFaults, keyFaults } = await readLists({ tenants, sites })
      if (wholeFaults.length > 0) throw new Error(`${base}: ${wholeFaults.join('; ')}`)
      return { ...data, warnings: [...entryFaults, ...keyFaults] }
    },
  }
}

/** Not AbortSignal.any with AbortSignal.timeout: nothing holds on to such a timeout, and the collector takes it. */
async function withLimit<T>(stop: AbortSignal, ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const aborter = new AbortController()
  const onStop = () => aborter.abort(stop.reason)
  const cancelDeadline = startDeadline(ms, () => aborter.abort(new Error(`no answer within ${ms} ms`)))
  stop.addEventListener('abort', onStop)
  if (stop.aborted) onStop()
  try {
    return await work(aborter.signal)
  } finally {
    cancelDeadline()
    stop.removeEventListener('abort', onStop)
  }
}
