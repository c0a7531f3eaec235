import { hostname } from 'node:os'
import type { Broker } from './broker/broker.ts'
import type { Config } from './config.ts'
import type { Databases } from './databases.ts'
import { createAddressGuard } from './delivery/address-guard.ts'
import { createCancelSweep } from './delivery/cancel-sweep.ts'
import { createDelivery } from './delivery/delivery.ts'
import { createWebhookSender } from './delivery/webhook.ts'
import { createDispatch } from './dispatch/dispatch.ts'
import { createListener } from './dispatch/listen.ts'
import { createOwnership } from './dispatch/ownership.ts'
import type { Log } from './log.ts'
import { createReaper } from './recovery/reaper.ts'
import { createRetention } from './recovery/retention.ts'
import { createStuckLaneSweep } from './recovery/stuck-lanes.ts'
import { createSubjectRemoval } from './recovery/subject-removal.ts'
import type { WakeableWorker, Worker } from './runtime/loop.ts'

const CALLBACK_PATH = '/v3/notifications/test/callback/'

export interface DispatcherParts {
  readonly config: Config
  readonly databases: Databases
  readonly databaseUrl: () => string
  readonly broker: Broker
  readonly isAlone: boolean
  readonly log: Log
}

/** The role that numbers, matches, delivers and repairs. */
export interface Dispatcher extends WakeableWorker {
  /** Where this process can be found, for those who read the `dispatcher` table. */
  announce(address: string): void
  /** Resolves when the first lease is held. */
  working(): Promise<void>
}

export function createDispatcher({ config, databases, databaseUrl, broker, isAlone, log }: DispatcherParts): Dispatcher {
  let address = ''
  let markHeld: () => void
  const held = new Promise<void>((resolve) => {
    markHeld = resolve
  })
  const ownership = createOwnership({
    db: databases.lease, address: () => `${hostname()} ${process.pid} ${address}`, isAlone, log,
    onHeld: () => markHeld(),
    onTaken: () => {
      dispatch.wake()
      delivery.rescan()
      cancelSweep.lookAtAll()
    },
  })
  const removal = createSubjectRemoval({ db: databases.recovery, log })
  const exceptOrigin = config.publicUrl === undefined ? undefined : { origin: new URL(config.publicUrl).origin, pathPrefix: CALLBACK_PATH }
  const sender = createWebhookSender({ guard: createAddressGuard({ allow: config.allowAddresses, exceptOrigin }), log })
  const delivery = createDelivery({
    claimDb: databases.claim, settleDb: databases.settle, sender, ownership, log,
    retry: { delaysMs: config.retryDelaysMs, horizonMs: config.retryHorizonMs },
    limits: { inAll: config.sendsInAll, perAddress: config.sendsPerAddress },
    onCountedDown: removal.wake,
  })
  const dispatch = createDispatch({
    db: databases.dispatch, slowDb: databases.slowDispatch, broker, ownership, log,
    onMatched: (matched) => delivery.hint(matched.filter(({ method }) => method === 'WEBHOOK')),
    onRemovals: removal.wake,
    onUncertain: delivery.rescan,
  })
  const cancelSweep = createCancelSweep({ db: databases.recovery, ownership, isBusy: delivery.isBusy, onCancelled: removal.wake, log })
  const repairs: Worker[] = [
    removal,
    cancelSweep,
    createReaper({ db: databases.recovery, intervalMs: config.reaperIntervalMs, log }),
    createRetention({ db: databases.housekeeping, retentionHours: config.retentionHours, log }),
    createStuckLaneSweep({ db: databases.housekeeping, log }),
    ...(isAlone ? [] : [createListener({ url: databaseUrl, onHint: dispatch.wake, log })]),
  ]

  return {
    announce(where) {
      address = where
    },
    working: () => held,
    wake: dispatch.wake,
    start() {
      for (const worker of [ownership, delivery, dispatch, ...repairs]) worker.start()
    },
    async stop() {
      await dispatch.stop()
      await delivery.stop()
      await Promise.all(repairs.map((worker) => worker.stop()))
      await sender.close()
      await ownership.stop()
    },
  }
}
