import type { Log } from '../log.ts'
import { createLogLimit } from '../runtime/log-limit.ts'
import type { Head } from './lane.ts'
import type { Settlement } from './settle-store.ts'

/** Each of them is told of once a minute at most, with the number of its notifications. */
const MAX_ADDRESSES = 10_000

/**
 * One warning for each notification that was given up: nobody will send it any more. Of its address only the origin or the
 * mail domain is shown, for a webhook's path and query are often its password. `suppressed` counts those of the same address
 * since its last line.
 */
export function createGiveUpLog(log: Log, clock?: () => number): (head: Head, settlement: Settlement) => void {
  const limit = createLogLimit({ maxKeys: MAX_ADDRESSES, ...(clock && { now: clock }) })

  return ({ method, address, addressKey, tenant, subscriptionName, uuid, eventUuid, number }, { attempts, reason, lastFailure, httpStatus }) =>
    limit(addressKey, (suppressed) => log.warn({
      method, to: publicPart(method, address), tenant, subscription: subscriptionName, notification: uuid, event: eventUuid, number,
      attempts, reason, ...(lastFailure !== undefined && { lastFailure }), ...(httpStatus !== null && { httpStatus }), ...(suppressed > 0 && { suppressed }),
    }, 'notification given up'))
}

function publicPart(method: Head['method'], address: string): string {
  if (method === 'EMAIL') return address.slice(address.lastIndexOf('@') + 1)
  return URL.canParse(address) ? new URL(address).origin : 'no address'
}
