import type { Log } from '../log.ts'
import { within } from '../runtime/deadline.ts'
import type { Worker } from '../runtime/loop.ts'
import type { BusyLanes } from './busy-lanes.ts'
import type { Hints } from './hints.ts'
import type { DeliveryMethod } from './lane.ts'
import type { Wire } from './wire.ts'

/** A partition is handed over, or delivery stops, after this even if the database has not taken all outcomes: they come again, as duplicates. */
const LAST_SETTLEMENTS_MS = 10_000

export interface EndingParts {
  readonly method: DeliveryMethod
  readonly claims: Worker
  readonly settler: Worker
  readonly hints: Pick<Hints, 'dropLost'>
  readonly wire: Pick<Wire, 'drain'>
  readonly busy: Pick<BusyLanes, 'idle'>
  readonly log: Log
}

/** How delivery ends: of one partition, which goes to another process, or of all. */
export interface Ending {
  /**
   * For a partition on which nothing may be begun any more: waits for what is on the wire, at most 5 s, aborts the rest,
   * and waits until the outcomes are written.
   */
  drain(partition: number): Promise<void>
  stop(): Promise<void>
}

export function createEnding({ method, claims, settler, hints, wire, busy, log }: EndingParts): Ending {
  async function endAttempts(partition?: number): Promise<void> {
    const aborted = await wire.drain(partition)
    if (aborted > 0) log.warn({ method, partition, aborted }, 'attempts aborted, they will be made again')
  }

  return {
    async drain(partition) {
      hints.dropLost()
      await endAttempts(partition)
      const isWritten = await within(LAST_SETTLEMENTS_MS, busy.idle(partition))
      if (!isWritten) log.warn({ method, partition }, 'outcomes not written, their attempts will be made again')
    },
    async stop() {
      await claims.stop()
      await endAttempts()
      await within(LAST_SETTLEMENTS_MS, busy.idle())
      await settler.stop()
    },
  }
}
