import { LRUCache } from 'lru-cache'
import type { Db } from '../db/db.ts'
import { originOf } from './origin-of.ts'
import type { Target } from './lane-model.ts'
import { readTargets } from './looks.ts'

const MAX_TARGETS = 100_000

/** The delivery targets that this process has read. Nothing in them changes but `isCancelled`. */
export interface TargetCache {
  /** Returns these targets; reads those that are not known. Rejects with the database's error. */
  load(ids: Iterable<number>): Promise<ReadonlyMap<number, Target>>
  /** Their subscriptions were deleted. */
  cancel(ids: readonly number[]): void
}

export interface TargetCacheDeps {
  readonly db: Db
  /** Whether the deletion of its subscription has been seen: a read may be older. */
  readonly isCancelled: (id: number) => boolean
}

export function createTargetCache({ db, isCancelled }: TargetCacheDeps): TargetCache {
  const known = new LRUCache<number, Target>({ max: MAX_TARGETS })

  return {
    async load(ids) {
      const found = new Map<number, Target>()
      const missing = new Set<number>()
      for (const id of ids) {
        const target = found.get(id) ?? known.get(id)
        if (target) found.set(id, target)
        else missing.add(id)
      }
      const rows = missing.size === 0 ? [] : await readTargets(db, [...missing])
      for (const row of rows) {
        const target = {
          ...row,
          origin: originOf(row.address),
          isCancelled: row.isCancelled || isCancelled(row.targetId),
        }
        known.set(target.targetId, target)
        found.set(target.targetId, target)
      }
      return found
    },
    cancel(ids) {
      for (const id of ids) {
        const target = known.peek(id)
        if (target) target.isCancelled = true
      }
    },
  }
}
