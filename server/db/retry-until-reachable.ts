import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { createOutageLog } from '../runtime/outage-log.ts'
import { connectionRefusal, isDatabaseUnavailable } from './database-unavailable.ts'
import { UnusableDatabase } from './unusable-database.ts'

const RETRY_MS = 1000

export interface UntilReachableDeps {
  /** Address of the database, for what is said about a refusal. */
  readonly url: () => string
  readonly log: Log
  /** Ends the waiting: an attempt may itself wait for long, such as for another process that migrates. */
  readonly signal: AbortSignal
}

/**
 * Makes attempts, a second apart, until the database is there. Rejects with the signal's reason, with an
 * `UnusableDatabase` if the server refuses every connection until an operator changes something, and with every error
 * that does not mean that the database is away.
 */
export async function retryUntilReachable<T>(
  attempt: () => Promise<T>,
  { url, log, signal }: UntilReachableDeps,
): Promise<T> {
  signal.throwIfAborted()
  const stopped = once(signal, 'abort').then(() => Promise.reject(signal.reason as Error))
  stopped.catch(() => undefined)
  const outages = createOutageLog({
    log,
    began: 'the database cannot be reached, will be retried until it can',
    ongoing: 'the database still cannot be reached',
    ended: 'the database can be reached',
  })
  try {
    for (;;) {
      try {
        const result = await Promise.race([attempt(), stopped])
        outages.markHealthy()
        return result
      } catch (error) {
        const refusal = connectionRefusal(error, url())
        if (refusal !== undefined) throw new UnusableDatabase([refusal])
        if (!isDatabaseUnavailable(error)) throw error
        outages.failed(error)
        await delay(RETRY_MS, undefined, { signal })
      }
    }
  } finally {
    outages.end()
  }
}
