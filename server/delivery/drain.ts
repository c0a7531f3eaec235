import type { Log } from '../log.ts'
import type { Worker } from '../runtime/loop.ts'
import type { Machine } from '../runtime/machine.ts'
import { within } from '../runtime/within.ts'
import type { Hints } from './hints.ts'
import type { DeliveryMethod } from '../lanes/lane.ts'
import type { LaneMemory } from '../lanes/lane-memory.ts'
import type { Wire } from './wire.ts'

/**
 * After this a partition is handed over, or delivery stops, even if outcomes are not written: their notifications are
 * sent again (at-least-once).
 */
const LAST_SETTLEMENTS_MS = 10_000

export interface DrainingDeps {
  readonly method: DeliveryMethod
  /** What brings lanes to the wire. */
  readonly claims: readonly Worker[]
  readonly settler: Worker
  readonly hints: Pick<Hints, 'dropLost'>
  readonly wire: Pick<Wire, 'drain'>
  readonly idle: LaneMemory['idle']
  readonly log: Log
  readonly machine?: Machine | undefined
}

/** Graceful shutdown of delivery: of one partition, which goes to another process, or of all. */
export interface Draining {
  /**
   * For a partition on which no attempt may start: waits up to 5 s for the attempts on the wire, aborts the rest, then
   * waits up to 10 s until the outcomes are written. Never rejects.
   */
  drain(partition: number): Promise<void>
  /** Does the same for all partitions, after the last claim. */
  stop(): Promise<void>
}

export function createDraining({ method, claims, settler, hints, wire, idle, log, machine }: DrainingDeps): Draining {
  async function endAttempts(partition?: number): Promise<void> {
    const aborted = await wire.drain(partition)
    if (aborted > 0) log.warn({ method, partition, aborted }, 'attempts aborted, they will be repeated')
  }

  return {
    async drain(partition) {
      hints.dropLost()
      await endAttempts(partition)
      const isWritten = await within(LAST_SETTLEMENTS_MS, idle(partition), machine)
      if (!isWritten) log.warn({ method, partition }, 'outcomes not written, their attempts will be repeated')
    },
    async stop() {
      await Promise.all(claims.map((worker) => worker.stop()))
      await endAttempts()
      await within(LAST_SETTLEMENTS_MS, idle(), machine)
      await settler.stop()
    },
  }
}
