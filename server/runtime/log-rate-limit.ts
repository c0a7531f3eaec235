import { LRUCache } from 'lru-cache'

export interface LogRateLimitOptions {
  /** The minimum time between two writes of one key, in ms; a minute when unset. */
  readonly everyMs?: number
  /**
   * How many keys are remembered (least recently used are forgotten), and how many writes `everyMs` may see, of all
   * keys together; 100 when unset.
   */
  readonly maxKeys?: number
  /** In ms, of a clock that never goes back. */
  readonly now?: () => number
}

/** Calls `write` or counts. `suppressed`: how often this key was suppressed since it was last written. */
export type LogRateLimit = (key: string, write: (suppressed: number) => void) => void

/**
 * Limits lines that callers or receivers can cause as often as they like: the first of a key is written at once, the
 * next ones at most every `everyMs`, with the number of those suppressed in between. Nothing is written later by
 * itself, so the count of a key that falls silent is lost.
 */
export function createLogRateLimit({
  everyMs = 60_000,
  maxKeys = 100,
  now = () => performance.now(),
}: LogRateLimitOptions = {}): LogRateLimit {
  const seen = new LRUCache<string, { writtenAt: number; suppressed: number }>({ max: maxKeys })
  let period = { begin: -Infinity, writes: 0 }

  /** Without this, a caller with more keys than are remembered would have no limit. */
  function hasRoom(at: number): boolean {
    if (at - period.begin >= everyMs) period = { begin: at, writes: 0 }
    if (period.writes >= maxKeys) return false
    period.writes += 1
    return true
  }

  return (key, write) => {
    const at = now()
    const entry = seen.get(key) ?? { writtenAt: -Infinity, suppressed: 0 }
    if (at - entry.writtenAt < everyMs || !hasRoom(at)) {
      seen.set(key, { ...entry, suppressed: entry.suppressed + 1 })
      return
    }
    seen.set(key, { writtenAt: at, suppressed: 0 })
    write(entry.suppressed)
  }
}
