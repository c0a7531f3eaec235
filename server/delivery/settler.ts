import pg from 'pg'
import type { Database } from '../db/database.ts'
import { isContentError } from '../db/content-error.ts'
import { isLostOwnership, type Holding } from '../db/fence.ts'
import { isStatementTimeout } from '../db/statement-timeout.ts'
import type { Log } from '../log.ts'
import { createLogLimit } from '../runtime/log-limit.ts'
import { createLoop, type Untried, type Worker } from '../runtime/loop.ts'
import type { Head } from './lane.ts'
import { cancelGroup, settleGroup } from './settle.ts'
import type { Settlement } from './settle-store.ts'

const GROUP = 500

export interface SettlerParts {
  readonly db: Database
  readonly holding: () => Holding
  /** The settlement has committed, or is not ours to make any more: the lane is no longer busy. */
  readonly onDone: (head: Head, settlement: Settlement | 'cancelled' | 'lost') => void
  readonly log: Log
}

export interface Settler extends Worker {
  settle(head: Head, settlement: Settlement): void
  /** The subscription of this head was deleted: its lane goes. */
  cancel(head: Head): void
}

interface Item {
  readonly head: Head
  readonly settlement: Settlement | 'cancelled'
}

/** Collects outcomes and writes them in groups, one group at a time. Keeps them until they are written, however long the database is away. */
export function createSettler({ db, holding, onDone, log }: SettlerParts): Settler {
  const limit = createLogLimit()
  let queue: Item[] = []
  const loop = createLoop({ name: 'settle', log, turn })

  async function turn(): Promise<number | Untried> {
    const held = holding()
    dropLost(held)
    const group = queue.slice(0, GROUP)
    if (group.length === 0) return { restMs: 1000 }
    try {
      await write(held, group)
    } catch (error) {
      if (isLostOwnership(error)) return 50
      if (!isContentError(error) && !isLockTimeout(error)) throw error
      await oneByOne(held, group)
    }
    return 0
  }

  async function write(held: Holding, group: readonly Item[]): Promise<void> {
    const settlements = group.flatMap(({ settlement }) => (settlement === 'cancelled' ? [] : [settlement]))
    const cancelled = group.flatMap(({ head, settlement }) => (settlement === 'cancelled' ? [head] : []))
    const countsDown = new Set(group.filter(({ head }) => head.deletesSubscriptions).map(({ head }) => head.position))
    if (settlements.length > 0) await settleGroup(db, held, settlements, countsDown)
    if (cancelled.length > 0) await cancelGroup(db, held, cancelled)
    const done = new Set(group)
    queue = queue.filter((item) => !done.has(item))
    for (const { head, settlement } of group) onDone(head, settlement)
  }

  /**
   * A group must not fail for ever because of one. One whose lane is locked for long (a large dispatch adds to it) goes to
   * the end; one that fails by its content is written again without what it says.
   */
  async function oneByOne(held: Holding, group: readonly Item[]): Promise<void> {
    for (const item of group) {
      await write(held, [item]).catch((error: unknown) => {
        if (!isLockTimeout(error)) limit(String(error), (suppressed) => log.error({ err: error, notification: item.head.uuid, suppressed }, 'a settlement was refused by the database'))
        queue = [...queue.filter((other) => other !== item), isLockTimeout(error) ? item : withoutContent(item, error)]
      })
    }
  }

  /** What was claimed under another epoch is for the new owner to find out. */
  function dropLost({ epochs }: Holding): void {
    const lost = queue.filter(({ head }) => epochs.get(head.partition) !== head.epoch)
    if (lost.length === 0) return
    queue = queue.filter((item) => !lost.includes(item))
    for (const { head } of lost) onDone(head, 'lost')
  }

  return {
    settle(head, settlement) {
      queue.push({ head, settlement })
      loop.wake()
    },
    cancel(head) {
      queue.push({ head, settlement: 'cancelled' })
      loop.wake()
    },
    start: loop.start,
    stop: loop.stop,
  }
}

/** What is left to say when the database refuses the rest. Throws the error when that is not the reason. */
function withoutContent({ head, settlement }: Item, error: unknown): Item {
  if (!isContentError(error) || settlement === 'cancelled') throw error
  return { head, settlement: { ...settlement, reason: settlement.reason === null ? null : 'unprintable', httpStatus: null } }
}

/** lock_not_available, or the statement's time was over. */
const isLockTimeout = (error: unknown) => isStatementTimeout(error) || (error instanceof pg.DatabaseError && error.code === '55P03')
