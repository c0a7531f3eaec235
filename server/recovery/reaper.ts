import type { Database } from '../db/database.ts'
import type { Log } from '../log.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'
import type { Machine } from '../runtime/machine.ts'
import { endExpiredSkippingLocked } from '../subscriptions/end-expired.ts'

const BATCH_SIZE = 1000

export interface ReaperDeps {
  readonly db: Database
  readonly intervalMs: number
  readonly log: Log
  readonly machine?: Machine | undefined
}

/** Returns a worker that ends expired subscriptions, in batches, every `intervalMs`. */
export function createReaper({ db, intervalMs, log, machine }: ReaperDeps): Worker {
  async function tick(): Promise<number> {
    const ended = await endExpiredSkippingLocked(db, BATCH_SIZE)
    if (ended > 0) log.info({ ended }, 'expired subscriptions ended')
    return ended === BATCH_SIZE ? 0 : intervalMs
  }
  return createLoop({ name: 'reaper', log, tick, machine })
}
