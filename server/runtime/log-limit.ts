import { LRUCache } from 'lru-cache'

export interface LogLimitOptions {
  /** The least time between two writes of one key, in ms. */
  readonly everyMs: number
  /** So many keys are remembered; the one that was seen longest ago is forgotten, and may write again at once. */
  readonly maxKeys: number
  /** In ms, of a clock that never goes back. */
  readonly now?: () => number
}

/** Calls `write` or counts. `suppressed`: how often this key was kept back since it was last written. */
export type LogLimit = (key: string, write: (suppressed: number) => void) => void

/**
 * For lines that callers or receivers can bring about as often as they like: the first of a key is written at once, the next
 * ones at most every `everyMs`, with the number of those in between. Nothing is written later by itself, so the count of a
 * key that falls silent is not told.
 */
export function createLogLimit({ everyMs, maxKeys, now = () => performance.now() }: LogLimitOptions): LogLimit {
  const seen = new LRUCache<string, { writtenAt: number; suppressed: number }>({ max: maxKeys })
  return (key, write) => {
    const entry = seen.get(key)
    const at = now()
    if (entry && at - entry.writtenAt < everyMs) {
      entry.suppressed += 1
      return
    }
    seen.set(key, { writtenAt: at, suppressed: 0 })
    write(entry?.suppressed ?? 0)
  }
}
