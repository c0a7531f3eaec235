import { LRUCache } from 'lru-cache'

export interface LogLimitOptions {
  /** The least time between two writes of one key, in ms; a minute when unset. */
  readonly everyMs?: number
  /** So many keys are remembered, 100 when unset; the one that was seen longest ago is forgotten. So many writes are the most in `everyMs`, of all keys together. */
  readonly maxKeys?: number
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
export function createLogLimit({ everyMs = 60_000, maxKeys = 100, now = () => performance.now() }: LogLimitOptions = {}): LogLimit {
  const seen = new LRUCache<string, { writtenAt: number; suppressed: number }>({ max: maxKeys })
  let period = { begin: -Infinity, writes: 0 }

  /** Else whoever has more names than are remembered would have no limit. */
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
