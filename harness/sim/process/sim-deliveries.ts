import { createDelivery, type Delivery } from '@tidings/server/delivery/delivery.ts'
import type { Ownership } from '@tidings/server/db/fence.ts'
import { createDeletions } from '@tidings/server/lanes/deletions.ts'
import { createLaneKeeper } from '@tidings/server/lanes/lane-keeper.ts'
import { createLaneMemory } from '@tidings/server/lanes/lane-memory.ts'
import { createTargetCache } from '@tidings/server/lanes/target-cache.ts'
import type { PlacedLane } from '@tidings/server/lanes/placed-lane.ts'
import { thawEmptied } from '@tidings/server/lanes/thaw-emptied.ts'
import type { Sender } from '@tidings/server/delivery/sender.ts'
import type { Deliveries } from '@tidings/server/wiring/deliveries.ts'
import type { SimProcess } from './sim-process.ts'

export interface SimDeliveriesDeps {
  readonly process: Pick<SimProcess, 'machine' | 'log' | 'pool'>
  readonly ownership: Ownership & { renew(partitions: readonly number[]): void }
  readonly sender: Pick<Sender, 'send'>
  /** The clock of the database. */
  readonly now: () => Date
  readonly onRequest: () => void
  readonly onCountedDown: () => void
}

export const RETRY = { delaysMs: [300, 1000, 2000], horizonMs: 12_000 }
const SLOTS = { inAll: 16, perAddress: 5, reserved: 2, slow: 8, maxKnown: 100 }

/** The lanes in memory and the delivery of webhooks, wired as server/wiring/deliveries.ts does. */
export function createSimDeliveries(deps: SimDeliveriesDeps): Deliveries {
  const { ownership, sender, now, onRequest, onCountedDown } = deps
  const { machine, log, pool } = deps.process
  const clock = machine.now
  const memory = createLaneMemory({ outletOf: () => delivery, onRequest, clock })
  const targets = createTargetCache({ db: pool('claim'), isCancelled: memory.isCancelled })
  const deletions = createDeletions({
    db: pool('deletions'),
    onDeleted(targetIds) {
      targets.cancel(targetIds)
      memory.cancel(targetIds)
    },
    onFresh: () => delivery.wake(),
    log,
    machine,
  })
  const lanes = createLaneKeeper({
    db: pool('dispatch'),
    memory,
    targets,
    ownership,
    isReady: deletions.hasLooked,
    ended: (home) => delivery.ended(home),
    onLoaded: () => delivery.rescan(),
    log,
    clock,
  })
  const delivery: Delivery = createDelivery({
    method: 'WEBHOOK',
    claimDb: pool('claim'),
    settleDb: pool('settle'),
    sender,
    memory,
    lanes,
    targets,
    deletions,
    ownership,
    retry: RETRY,
    now,
    limits: SLOTS,
    onCountedDown,
    onEmptied: emptied,
    log,
    machine,
  })

  async function emptied(empty: readonly PlacedLane[]): Promise<void> {
    await thawEmptied({ memory, targets, lanes, isBusy: delivery.isBusy, clock }, empty)
    onRequest()
  }

  return {
    lanes,
    isBusy: (lane) => delivery.isBusy(lane),
    emptied,
    drain: (partition) => delivery.drain(partition),
    start() {
      for (const worker of [deletions, delivery]) worker.start()
    },
    async stop() {
      await delivery.stop()
      await deletions.stop()
    },
  }
}
