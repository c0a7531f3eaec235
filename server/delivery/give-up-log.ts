import type { Log } from '../log.ts'
import { createLogRateLimit } from '../runtime/log-rate-limit.ts'
import type { Head } from './attempt.ts'
import type { Settlement } from '../lanes/settlement.ts'

/** Addresses whose lines are counted: each is logged once a minute at most. */
const MAX_ADDRESSES = 10_000

/**
 * Returns a function that logs a warning for a notification that was given up, that is, will never be sent again. The
 * line shows only the origin or the mail domain of the address, because a webhook's path and query are often a secret.
 * One line per address and minute; `suppressed` counts the notifications of the address since its last line.
 */
export function createGiveUpLog(log: Log, clock?: () => number): (head: Head, settlement: Settlement) => void {
  const limit = createLogRateLimit({ maxKeys: MAX_ADDRESSES, ...(clock && { now: clock }) })

  return (
    { method, address, addressKey, tenant, subscriptionName, uuid, eventUuid, number },
    { attempts, reason, lastFailure, httpStatus },
  ) =>
    limit(addressKey, (suppressed) =>
      log.warn(
        {
          method,
          to: publicPart(method, address),
          tenant,
          subscription: subscriptionName,
          notification: uuid,
          event: eventUuid,
          number,
          attempts,
          reason,
          ...(lastFailure !== undefined && { lastFailure }),
          ...(httpStatus !== null && { httpStatus }),
          ...(suppressed > 0 && { suppressed }),
        },
        'notification given up',
      ),
    )
}

function publicPart(method: Head['method'], address: string): string {
  if (method === 'EMAIL') return address.slice(address.lastIndexOf('@') + 1)
  return URL.canParse(address) ? new URL(address).origin : 'no address'
}
