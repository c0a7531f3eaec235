/** An address in a partition that may have lanes to send. */
export interface Pair {
  readonly partition: number
  readonly addressKey: string
}

interface Hint extends Pair {
  /** Monotonic ms at which to look. */
  dueAt: number
  /** Grows with each hint, so that a look that began before the newest one does not discard it. */
  version: number
  /** The least has waited longest to be asked. */
  turn: number
  /** Some lanes of the pair are due later, and this hint may have forgotten when: the database knows. */
  hasLater: boolean
}

export type HintSnapshot = Readonly<Hint>

/**
 * Where to look for due lanes. Hints may be superfluous, never missing: dispatch, settlements and a regular scan of the
 * lanes give them. Their number is bounded by partitions x addresses with something waiting; of partitions that are not ours
 * there are none.
 */
export interface Hints {
  add(pair: Pair, dueAt: number, options?: { hasLater?: boolean }): void
  due(now: number): HintSnapshot[]
  /** These had their turn: others come first the next time. */
  asked(pairs: readonly Pair[]): void
  /** A look at the pair, begun with this snapshot, found no more. Looks again at `nextDueAt`, if there is one. */
  exhausted(snapshot: HintSnapshot, nextDueAt: number | undefined): void
  /** Monotonic ms of the earliest hint that is due later than `now`. */
  nextAfter(now: number): number | undefined
  /** Forgets those of partitions that are not ours any more. */
  dropLost(): void
}

export function createHints(isOurs: (partition: number) => boolean = () => true): Hints {
  const hints = new Map<string, Hint>()
  let turns = 0

  return {
    add({ partition, addressKey }, dueAt, { hasLater = false } = {}) {
      if (!isOurs(partition)) return
      const key = keyOf(partition, addressKey)
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
        const known = hints.get(keyOf(partition, addressKey))
        if (known) known.turn = turns += 1
      }
    },
    exhausted(snapshot, nextDueAt) {
      const key = keyOf(snapshot.partition, snapshot.addressKey)
      const known = hints.get(key)
      if (!known || known.version !== snapshot.version) return
      if (nextDueAt === undefined) hints.delete(key)
      else known.dueAt = nextDueAt
    },
    nextAfter(now) {
      let next: number | undefined
      for (const { dueAt } of hints.values()) if (dueAt > now && (next === undefined || dueAt < next)) next = dueAt
      return next
    },
    dropLost() {
      for (const [key, hint] of hints) if (!isOurs(hint.partition)) hints.delete(key)
    },
  }
}

const keyOf = (partition: number, addressKey: string) => `${partition} ${addressKey}`
