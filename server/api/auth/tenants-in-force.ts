import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../../log.ts'
import { createLoop, type Worker } from '../../runtime/loop.ts'
import { createLoader } from './loader.ts'
import type { TenantsData } from './tenants.ts'

const FLOOR_AFTER_FAILURE_MS = 10_000

/** Where tenants and sites come from. `load` rejects when nothing usable can be had. */
export interface TenantsSource {
  load(signal: AbortSignal): Promise<TenantsData>
}

/** The tenants that requests are judged by. `stop` gives up loads under way. */
export interface Tenants extends Worker {
  /** Undefined until the first load succeeds. */
  current(): TenantsData | undefined
  /** Rises when the data change; whatever was derived from an older generation is void. */
  readonly generation: number
  /** Asks the source again, unless it was asked too recently. Never rejects; resolves after `refreshWaitMs` at the latest, done or not. */
  refresh(): Promise<void>
}

export interface TenantsParts {
  readonly source: TenantsSource
  readonly log: Log
  /** In force from the beginning. */
  readonly initial?: TenantsData
  /** Rest between two loads in the background. */
  readonly pollMs: number
  /** Rest after a failed load, as long as there are no data at all. */
  readonly retryMs?: number
  /** Least time between two loads that requests bring about. Loads in the background do not count: they are rare, and must not delay a rotated key. */
  readonly refreshFloorMs: number
  readonly refreshWaitMs?: number
  readonly monotonicMs?: () => number
}

/** Keeps the newest usable data of `source` in force; a load that fails changes nothing. */
export function createTenants(parts: TenantsParts): Tenants {
  const { source, log, initial, pollMs, retryMs = 1000, refreshFloorMs, refreshWaitMs = 3000, monotonicMs = () => performance.now() } = parts
  const closing = new AbortController()
  const loader = createLoader({ source, log, signal: closing.signal, onLoaded: putInForce })
  let data: TenantsData | undefined
  let generation = 0
  let nextRefreshAtMs = -Infinity
  if (initial) putInForce(initial)

  function putInForce(loaded: TenantsData): void {
    if (loaded.fingerprint === data?.fingerprint) return
    data = loaded
    generation += 1
    log.info({ generation, tenants: loaded.tenants.size, sites: loaded.sites.size }, 'tenants in force')
    for (const warning of loaded.warnings) log.warn({ fault: warning }, 'tenants: left out')
  }

  async function loadForRequest(): Promise<void> {
    nextRefreshAtMs = monotonicMs() + refreshFloorMs
    const hasLoaded = await loader.load()
    // A source that was down for a moment must not cost a rotated key ten minutes.
    if (!hasLoaded) nextRefreshAtMs = monotonicMs() + Math.min(refreshFloorMs, FLOOR_AFTER_FAILURE_MS)
  }

  async function turn(): Promise<number> {
    await loader.load()
    return data ? pollMs : retryMs
  }
  const loop = createLoop({ name: 'tenants', log, turn })

  return {
    current: () => data,
    get generation() { return generation },
    async refresh() {
      if (closing.signal.aborted) return
      const loading = loader.underWay()
      if (loading) await atMost(refreshWaitMs, loading)
      else if (monotonicMs() >= nextRefreshAtMs) await atMost(refreshWaitMs, loadForRequest())
    },
    start: () => loop.start(),
    async stop() {
      closing.abort()
      await loop.stop()
      await loader.underWay()
    },
  }
}

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController()
  await Promise.race([work, delay(ms, undefined, { signal: timer.signal }).catch(() => undefined)])
  timer.abort()
}
