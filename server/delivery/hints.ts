import { pairKey, type Pair } from '../lanes/lane.ts'

interface Hint extends Pair {
  /** Monotonic ms at which to claim. */
  dueAt: number
  /** Grows with each hint, so that a claim that began before the newest hint does not discard it. */
  version: number
  /** The pair with the lowest number has waited longest for a claim. */
  turn: number
  /** Some lanes of the pair are due later, and this hint may have forgotten when: the database knows. */
  hasLater: boolean
}

export type HintSnapshot = Readonly<Hint>

/**
 * Where cold lanes that are due may be found. Invariant: hints may be superfluous, but none is missing. Lanes that get
 * a row, and a regular scan of the lanes, add them. Their number is bounded by partitions x addresses with cold lanes;
 * partitions that are not open here have none.
 */
export interface Hints {
  add(pair: Pair, dueAt: number, options?: { hasLater?: boolean }): void
  due(now: number): HintSnapshot[]
  /** Notes that these pairs are being claimed: others come first the next time. */
  asked(pairs: readonly Pair[]): void
  /** Notes that a claim based on this snapshot found no more. The pair is claimed again at `nextDueAt`, if given. */
  exhausted(snapshot: HintSnapshot, nextDueAt: number | undefined): void
  /** Notes that nothing of this pair may be sent before `until`, due or not. */
  postpone(pair: Pair, until: number): void
  /** Notes that all lanes of these addresses may be due now. */
  wake(isWoken: (addressKey: string) => boolean, now: number): void
  /** Returns the due time, in monotonic ms, of the earliest hint that is due later than `now`. */
  nextAfter(now: number): number | undefined
  /** Forgets the hints of partitions that are no longer open here. */
  dropLost(): void
  readonly size: number
}

export function createHints(isOurs: (partition: number) => boolean = () => true): Hints {
  const hints = new Map<string, Hint>()
  let turns = 0

  return {
    add({ partition, addressKey }, dueAt, { hasLater = false } = {}) {
      if (!isOurs(partition)) return
      const key = pairKey({ partition, addressKey })
      const known = hints.get(key)
      if (!known) {
        hints.set(key, { partition, addressKey, dueAt, version: 0, turn: (turns += 1), hasLater })
        return
      }
      known.hasLater ||= hasLater
      known.dueAt = Math.min(known.dueAt, dueAt)
      known.version += 1
    },
    due: (now) => [...hints.values()].filter((hint) => hint.dueAt <= now).map((hint) => ({ ...hint })),
    asked(pairs) {
      for (const { partition, addressKey } of pairs) {
        const known = hints.get(pairKey({ partition, addressKey }))
        if (known) known.turn = turns += 1
      }
    },
    exhausted(snapshot, nextDueAt) {
      const key = pairKey(snapshot)
      const known = hints.get(key)
      if (!known || known.version !== snapshot.version) return
      if (nextDueAt === undefined) hints.delete(key)
      else known.dueAt = nextDueAt
    },
    postpone(pair, until) {
      const known = hints.get(pairKey(pair))
      if (!known) return
      known.dueAt = until
      known.hasLater = true
    },
    wake(isWoken, now) {
      for (const hint of hints.values()) {
        if (!isWoken(hint.addressKey)) continue
        hint.dueAt = Math.min(hint.dueAt, now)
        hint.version += 1
      }
    },
    nextAfter(now) {
      let next: number | undefined
      for (const { dueAt } of hints.values()) if (dueAt > now && (next === undefined || dueAt < next)) next = dueAt
      return next
    },
    dropLost() {
      for (const [key, hint] of hints) if (!isOurs(hint.partition)) hints.delete(key)
    },
    get size() {
      return hints.size
    },
  }
}
