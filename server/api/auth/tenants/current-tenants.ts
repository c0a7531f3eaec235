import type { Log } from '../../../log.ts'
import { createLoop, type Worker } from '../../../runtime/loop.ts'
import { within } from '../../../runtime/within.ts'
import { createTenantsLoader, LEFT_OUT } from './tenants-loader.ts'
import type { TenantsData, TenantsSource } from './tenants.ts'

const FLOOR_AFTER_FAILURE_MS = 10_000

/** The tenants that requests are authenticated with. `stop` cancels loads in progress. */
export interface Tenants extends Worker {
  /** Undefined until the first load succeeds. */
  current(): TenantsData | undefined
  /** Rises when the data change; whatever was derived from an older generation is invalid. */
  readonly generation: number
  /**
   * Loads from the source again, unless the last load was too recent. Never rejects; resolves after `refreshWaitMs` at
   * the latest, finished or not.
   */
  refresh(): Promise<void>
}

export interface TenantsDeps {
  readonly source: TenantsSource
  readonly log: Log
  /** Current from the beginning. */
  readonly initial?: TenantsData
  /** Pause between two loads in the background. */
  readonly pollMs: number
  /** Pause after a failed load, as long as there are no data at all. */
  readonly retryMs?: number
  /**
   * Minimum time between two loads that requests cause. Loads in the background do not count: they are rare, and must
   * not delay a rotated key.
   */
  readonly refreshFloorMs: number
  readonly refreshWaitMs?: number
  readonly monotonicMs?: () => number
}

/** Keeps the newest usable data of `source` current; a load that fails changes nothing. */
export function createTenants(deps: TenantsDeps): Tenants {
  const {
    source,
    log,
    initial,
    pollMs,
    retryMs = 1000,
    refreshFloorMs,
    refreshWaitMs = 3000,
    monotonicMs = () => performance.now(),
  } = deps
  const closing = new AbortController()
  const loader = createTenantsLoader({ source, log, signal: closing.signal, onLoaded: setCurrent })
  let data: TenantsData | undefined
  let generation = 0
  let nextRefreshAtMs = -Infinity
  if (initial) setCurrent(initial)

  function setCurrent(loaded: TenantsData): void {
    if (loaded.fingerprint === data?.fingerprint) return
    data = loaded
    generation += 1
    log.info({ generation, tenants: loaded.tenants.size, sites: loaded.sites.size }, 'tenants in force')
    for (const warning of loaded.warnings) log.warn({ reason: warning }, LEFT_OUT)
  }

  async function loadForRequest(): Promise<void> {
    nextRefreshAtMs = monotonicMs() + refreshFloorMs
    const hasLoaded = await loader.load()
    // A source that was down for a moment must not delay a rotated key by ten minutes.
    if (!hasLoaded) nextRefreshAtMs = monotonicMs() + Math.min(refreshFloorMs, FLOOR_AFTER_FAILURE_MS)
  }

  async function turn(): Promise<number> {
    await loader.load()
    return data ? pollMs : retryMs
  }
  const loop = createLoop({ name: 'tenants', log, tick: turn })

  return {
    current: () => data,
    get generation() {
      return generation
    },
    async refresh() {
      if (closing.signal.aborted) return
      const loading = loader.inFlight()
      if (loading) await within(refreshWaitMs, loading)
      else if (monotonicMs() >= nextRefreshAtMs) await within(refreshWaitMs, loadForRequest())
    },
    start: () => loop.start(),
    async stop() {
      closing.abort()
      await loop.stop()
      await loader.inFlight()
    },
  }
}
