import type { Log } from '../../log.ts'
import { createLogRateLimit } from '../../runtime/log-rate-limit.ts'
import type { DeliveryMethod } from '../../lanes/lane.ts'
import { outcomeOf } from '../outcome.ts'
import type { AttemptResult } from '../send-result.ts'
import type { BreakerChange } from './breakers.ts'

/** Places whose lines are counted: each is logged once a minute at most when it opens, and when it closes. */
const MAX_PLACES = 10_000

/**
 * Returns a function that logs that an address or a server is held back, or no longer. The line shows the origin or the
 * mail domain, and of the address only its key, because a webhook's path and query are often a secret.
 */
export function createBreakerLog(
  { method, log }: { readonly method: DeliveryMethod; readonly log: Log },
  clock: () => number,
): (change: BreakerChange) => void {
  const limit = createLogRateLimit({ maxKeys: MAX_PLACES, now: clock })

  return ({ addressKey, origin, before, after, result }) => {
    const place = { method, to: origin, ...(addressKey !== undefined && { addressKey }) }
    const isOpened = after.state === 'open'
    limit(`${addressKey ?? origin} ${isOpened}`, (count) => {
      const suppressed = count > 0 && { suppressed: count }
      if (isOpened) log.warn({ ...place, lastFailure: reasonOf(result), ...suppressed }, 'receiver fails, held back')
      else {
        const heldMs = Math.round(after.since - before.since)
        const probes = before.state === 'open' ? before.probes + 1 : 0
        log.info({ ...place, heldMs, probes, ...suppressed }, 'receiver works again')
      }
    })
  }
}

function reasonOf(result: AttemptResult): string | undefined {
  const outcome = outcomeOf(result, { attempts: 1, createdAgoMs: 0, horizonMs: Infinity })
  return outcome.kind === 'delivered' ? undefined : outcome.reason
}
