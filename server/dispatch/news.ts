const POLL_BUSY_MS = 250
const POLL_IDLE_MS = 1000
/** Polls without a record after which the loop counts as idle. */
const IDLE_AFTER = 20

/** Which partitions may have records to take: those that were named, and all of them at each poll. */
export interface News {
  add(partitions: Iterable<number>): void
  /** Any partition may have some. */
  addAll(): void
  /**
   * Returns those of these partitions that are to be looked at now. Forgets all news, also of partitions that are not
   * among them: `restMs` would be 0 for as long as they are not.
   */
  take(open: ReadonlyMap<number, unknown>): { readonly partitions: readonly number[]; readonly isPoll: boolean }
  /** A poll has ended. Without a record, some of them in a row, the next ones come more rarely. */
  polled(hadRecords: boolean): void
  /** Returns the time until there is something to look at. */
  restMs(): number
}

/** Needs no reliable news: it only makes them faster than the next poll. `clock`: monotonic ms. */
export function createNews(clock: () => number): News {
  const named = new Set<number>()
  let pollAt = -Infinity
  let emptyPolls = 0

  const pollEveryMs = () => (emptyPolls > IDLE_AFTER ? POLL_IDLE_MS : POLL_BUSY_MS)

  return {
    add(partitions) {
      for (const partition of partitions) named.add(partition)
    },
    addAll() {
      pollAt = -Infinity
    },
    take(open) {
      const isPoll = clock() >= pollAt
      if (isPoll) pollAt = clock() + pollEveryMs()
      const partitions = isPoll ? [...open.keys()] : [...named].filter((partition) => open.has(partition))
      named.clear()
      return { partitions, isPoll }
    },
    polled(hadRecords) {
      emptyPolls = hadRecords ? 0 : emptyPolls + 1
    },
    restMs: () => (named.size > 0 ? 0 : Math.max(0, pollAt - clock())),
  }
}
