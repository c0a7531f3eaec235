import { LRUCache } from 'lru-cache'
import { isUuid } from '@tidings/contract/uuid.ts'
import type { Db } from '../../db/database.ts'
import { isSequenceName } from './progress-store.ts'

const MAX_NAMES = 10_000
/** A sequence sends every three seconds, so its callbacks ask once. */
const KEPT_MS = 30_000

/** Names of test sequences, for callers whom nobody knows. */
export interface KnownNames {
  /** True also for a while after a sequence has ended: what follows decides. False is final, for names are made up and never come again. */
  mayBe(name: string): Promise<boolean>
}

/** Nothing is asked about what cannot be a name of ours, and about another once in half a minute, however many callbacks come. */
export function createKnownNames(db: Db): KnownNames {
  const kept = new LRUCache<string, Promise<boolean>>({ max: MAX_NAMES, ttl: KEPT_MS })

  function ask(name: string): Promise<boolean> {
    const answer = isSequenceName(db, name)
    kept.set(name, answer)
    answer.catch(() => kept.delete(name)) // a failure is no answer
    return answer
  }

  return { mayBe: (name) => isUuid(name) ? kept.get(name) ?? ask(name) : Promise.resolve(false) }
}
