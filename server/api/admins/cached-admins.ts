import { LRUCache } from 'lru-cache'
import { createSingleFlightByKey } from '../../runtime/single-flight.ts'
import type { Admins } from './admins.ts'

/** How long a user who lost the role keeps it, and one who got it has to wait for it. */
const CACHE_TTL_MS = 60_000
const MAX_ENTRIES = 10_000
const MAX_BYTES = 8 * 1024 * 1024
const OVERHEAD_BYTES = 256

interface CachedAdmin {
  readonly isAdmin: boolean
  readonly untilMs: number
}

/**
 * Caches the results of `admins`, yes and no, for 60 s. Concurrent calls about the same user share one check
 * (single-flight). Failures are not cached.
 */
export function createCachedAdmins(admins: Admins, { monotonicMs = () => performance.now() } = {}): Admins {
  const cache = new LRUCache<string, CachedAdmin>({
    max: MAX_ENTRIES,
    maxSize: MAX_BYTES,
    sizeCalculation: (_, key) => OVERHEAD_BYTES + 2 * key.length,
  })
  const share = createSingleFlightByKey<boolean>()

  async function ask(key: string, tenant: string, user: string): Promise<boolean> {
    const untilMs = monotonicMs() + CACHE_TTL_MS
    const isAdmin = await admins.isAdmin(tenant, user)
    cache.set(key, { isAdmin, untilMs })
    return isAdmin
  }

  return {
    isAdmin(tenant, user) {
      const key = JSON.stringify([tenant, user])
      const cached = cache.get(key)
      if (cached && monotonicMs() < cached.untilMs) return Promise.resolve(cached.isAdmin)
      return share(key, () => ask(key, tenant, user))
    },
  }
}
