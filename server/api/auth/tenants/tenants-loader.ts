import type { Log } from '../../../log.ts'
import { failureText } from '../../../runtime/failure-text.ts'
import { createOutageLog } from '../../../runtime/outage-log.ts'
import { createSingleFlight } from '../../../runtime/single-flight.ts'
import { UnusableTenants, type TenantsData, type TenantsSource } from './tenants.ts'

const FAILED = 'tenants: load failed, the last good lists stay in force'
/** Logged with the reason why an entry was left out. */
export const LEFT_OUT = 'tenants: left out'
/** The lists of one outage may be wrong in thousands of entries. */
const MAX_REASONS_LOGGED = 20

export interface TenantsLoaderDeps {
  readonly source: TenantsSource
  readonly log: Log
  /** Cancels the load in progress. */
  readonly signal: AbortSignal
  readonly onLoaded: (data: TenantsData) => void
}

export interface TenantsLoader {
  /**
   * Loads once at a time: a second call joins the first (single-flight). Never rejects; returns whether it succeeded.
   */
  load(): Promise<boolean>
  /** The load in progress. */
  inFlight(): Promise<boolean> | undefined
}

/** Loads tenants, and logs when that begins to fail, fails differently, still fails after a minute, or works again. */
export function createTenantsLoader({ source, log, signal, onLoaded }: TenantsLoaderDeps): TenantsLoader {
  const outages = createOutageLog({
    log,
    began: FAILED,
    ongoing: 'tenants: still not loaded, the last good lists stay in force',
    ended: 'tenants: recovered',
  })
  let lastFailure: string | undefined
  const reasonsLogged = new Set<string>()
  signal.addEventListener('abort', outages.end)

  async function attempt(): Promise<boolean> {
    try {
      onLoaded(await source.load(signal))
      outages.markHealthy()
      lastFailure = undefined
      reasonsLogged.clear()
      return true
    } catch (error) {
      // on any failure the current data stay, and the next load may succeed
      if (!signal.aborted) reportOnce(error)
      return false
    }
  }

  function reportOnce(error: unknown): void {
    const failure = failureText(error)
    if (lastFailure !== undefined && failure !== lastFailure) log.warn({ reason: failure }, FAILED)
    outages.failed(error)
    lastFailure = failure
    if (error instanceof UnusableTenants) logReasons(error.entryViolations)
  }

  /** Logs each reason once until a load succeeds. */
  function logReasons(reasons: readonly string[]): void {
    for (const reason of reasons) {
      if (reasonsLogged.size === MAX_REASONS_LOGGED) return
      if (!reasonsLogged.has(reason)) log.warn({ reason }, LEFT_OUT)
      reasonsLogged.add(reason)
    }
  }

  const flight = createSingleFlight(attempt)
  return { load: flight.run, inFlight: flight.inFlight }
}
