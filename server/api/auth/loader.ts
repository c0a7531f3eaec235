import type { Log } from '../../log.ts'
import { failureWords } from '../../runtime/failure-words.ts'
import { createOutageLog } from '../../runtime/outage-log.ts'
import type { TenantsSource } from './tenants-in-force.ts'
import type { TenantsData } from './tenants.ts'

const FAILED = 'tenants: load failed, what is known stays in force'

export interface LoaderParts {
  readonly source: TenantsSource
  readonly log: Log
  /** Gives up a load under way. */
  readonly signal: AbortSignal
  readonly onLoaded: (data: TenantsData) => void
}

export interface Loader {
  /** One load at a time, whoever asks: a second call joins the first. Never rejects; answers whether it succeeded. */
  load(): Promise<boolean>
  /** The load under way. */
  underWay(): Promise<boolean> | undefined
}

/** Loads tenants, and says in the log when that begins to fail, fails differently, still fails after a minute, or works again. */
export function createLoader({ source, log, signal, onLoaded }: LoaderParts): Loader {
  let loading: Promise<boolean> | undefined
  const outages = createOutageLog({ log, away: FAILED, still: 'tenants: still not loaded, what is known stays in force', back: 'tenants: recovered' })
  let lastFailure: string | undefined
  signal.addEventListener('abort', outages.end)

  async function attempt(): Promise<boolean> {
    try {
      onLoaded(await source.load(signal))
      outages.worked()
      lastFailure = undefined
      return true
    } catch (error) { // whatever it is, the data in force stay and the next load may do better
      if (!signal.aborted) reportOnce(error)
      return false
    }
  }

  function reportOnce(error: unknown): void {
    const failure = failureWords(error)
    if (lastFailure !== undefined && failure !== lastFailure) log.warn({ reason: failure }, FAILED)
    outages.failed(error)
    lastFailure = failure
  }

  return {
    load() {
      loading ??= attempt().finally(() => { loading = undefined })
      return loading
    },
    underWay: () => loading,
  }
}
