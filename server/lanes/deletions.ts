import type { Db } from '../db/db.ts'
import type { Log } from '../log.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'
import { MACHINE, type Machine } from '../runtime/machine.ts'
import { readDeletions } from './looks.ts'

const LOOK_EVERY_MS = 500
/** An attempt starts within this time after the last look began, or not at all: a DELETE takes effect within 2 s. */
const MAX_AGE_MS = 1500

export interface DeletionsDeps {
  /** A connection of its own: the look must not queue behind work. */
  readonly db: Db
  /** The subscriptions of these targets were deleted. */
  readonly onDeleted: (targetIds: readonly number[]) => void
  /** Called when a look is good again after none was. */
  readonly onFresh: () => void
  readonly log: Log
  readonly machine?: Machine | undefined
}

/**
 * Looks for deleted subscriptions, so that nothing more is sent for them. Exact however late a deletion commits: each
 * look covers what the snapshot of the look before could not see.
 */
export interface Deletions extends Worker {
  /** Whether everything that was deleted more than 1.5 s ago is known. */
  isFresh(): boolean
  /** Whether there was a look: what is read later is covered by the next ones. */
  hasLooked(): boolean
  /** Resolves after a look that began later than this call. Never rejects. */
  renew(): Promise<void>
}

export function createDeletions({ db, onDeleted, onFresh, log, machine = MACHINE }: DeletionsDeps): Deletions {
  let seen: string | null = null
  let lookedAt = -Infinity
  let waiting: (() => void)[] = []

  const isFresh = () => machine.now() - lookedAt < MAX_AGE_MS

  async function tick(): Promise<number> {
    const startedAt = machine.now()
    const waited = waiting
    waiting = []
    try {
      const found = await readDeletions(db, seen)
      if (found.targetIds.length > 0) onDeleted(found.targetIds)
      seen = found.seen
      const wasFresh = isFresh()
      lookedAt = startedAt
      if (!wasFresh) onFresh()
    } finally {
      for (const resolve of waited) resolve()
    }
    return LOOK_EVERY_MS
  }

  const loop = createLoop({ name: 'deletions', log, tick, restAfterErrorMs: 250, machine })

  return {
    isFresh,
    hasLooked: () => seen !== null,
    renew: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        loop.wake()
      }),
    start: loop.start,
    async stop() {
      await loop.stop()
      for (const resolve of waiting) resolve()
      waiting = []
    },
  }
}
