import type { PublishQuotas, Quota } from '../../config/publish-quotas.ts'
import type { Log } from '../../log.ts'
import { createLogRateLimit } from '../../runtime/log-rate-limit.ts'
import { AppError } from '../errors.ts'

/** How many events a tenant may publish at this process. */
export interface PublishQuota {
  /**
   * Counts events that are about to be published. Throws NTFAPI_EVENT_QUOTA (429) when the tenant has none left; then
   * none of them counts. One is enough for a batch: what it takes beyond that is paid back before the next.
   */
  charge(tenant: string, events: number): void
}

export interface PublishQuotaDeps {
  /** Undefined: nobody has a quota. */
  readonly quotas: PublishQuotas | undefined
  readonly log: Log
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

interface Bucket {
  left: number
  at: number
}

/** A token bucket for each tenant. */
export function createPublishQuota({ quotas, log, clock = () => performance.now() }: PublishQuotaDeps): PublishQuota {
  const buckets = new Map<string, Bucket>()
  const limit = createLogRateLimit()

  /** Brings the bucket up to date. */
  function bucketOf(tenant: string, { perSecond, burst }: Quota): Bucket {
    const at = clock()
    const { left, at: before } = buckets.get(tenant) ?? { left: burst, at }
    const bucket = { left: Math.min(burst, left + ((at - before) / 1000) * perSecond), at }
    buckets.set(tenant, bucket)
    return bucket
  }

  return {
    charge(tenant, events) {
      const quota = quotas?.ofTenant.get(tenant) ?? quotas?.ofOthers
      if (quota === undefined) return
      const bucket = bucketOf(tenant, quota)
      if (bucket.left < 1) {
        limit(tenant, (suppressed) => log.warn({ tenant, suppressed }, 'publishes above the quota were rejected'))
        throw new AppError('NTFAPI_EVENT_QUOTA', {
          details: { Tenant: tenant, Quota: `${quota.perSecond}/s` },
          retryAfterS: Math.ceil((1 - bucket.left) / quota.perSecond),
        })
      }
      bucket.left -= events
    },
  }
}
