import { LRUCache } from 'lru-cache'
import { isUuid } from '@tidings/contract/uuid.ts'
import type { Db } from '../../db/db.ts'
import { isSequenceName } from './sequence-progress-store.ts'

const MAX_NAMES = 10_000
/** A sequence sends every three seconds, so its callbacks look its name up once. */
const CACHE_TTL_MS = 30_000

/** Caches which names are those of test sequences, for unauthenticated callers. */
export interface SequenceNameCache {
  /**
   * True also for a while after a sequence has ended: the statement that follows decides. False is final, for names are
   * generated and never reused.
   */
  mayExist(name: string): Promise<boolean>
}

/**
 * Creates a cache that queries nothing for a text that cannot be a name, and any other name once in 30 s, however many
 * callbacks come.
 */
export function createSequenceNameCache(db: Db): SequenceNameCache {
  const cache = new LRUCache<string, Promise<boolean>>({ max: MAX_NAMES, ttl: CACHE_TTL_MS })

  function ask(name: string): Promise<boolean> {
    const exists = isSequenceName(db, name)
    cache.set(name, exists)
    exists.catch(() => cache.delete(name)) // a failure is not cached
    return exists
  }

  return { mayExist: (name) => (isUuid(name) ? (cache.get(name) ?? ask(name)) : Promise.resolve(false)) }
}
