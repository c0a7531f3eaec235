import { hostname } from 'node:os'
import type { Broker } from './broker/broker.ts'
import { createCanary } from './canary/canary.ts'
import type { Config } from './config.ts'
import type { Databases } from './databases.ts'
import { createDeliveries } from './deliveries.ts'
import { createAddressGuard } from './delivery/address-guard.ts'
import { createCancelSweep } from './delivery/cancel-sweep.ts'
import { MAIL_SLOTS } from './delivery/email/mail-sender.ts'
import { createNames, type Resolve } from './delivery/resolve.ts'
import type { Sender } from './delivery/sender.ts'
import { createWebhookNotifier } from './delivery/webhook-notifier.ts'
import { createWebhookSender, WEBHOOK_LIMITS } from './delivery/webhook.ts'
import { createDispatch } from './dispatch/dispatch.ts'
import { createListener } from './dispatch/listen.ts'
import type { Log } from './log.ts'
import { createOwnership } from './ownership/ownership.ts'
import type { Publish } from './publish/publish.ts'
import { createReaper } from './recovery/reaper.ts'
import { createRetention } from './recovery/retention.ts'
import { createStuckLaneAlarm } from './recovery/stuck-lanes.ts'
import { createSubjectRemoval } from './recovery/subject-removal.ts'
import type { WakeableWorker, Worker } from './runtime/loop.ts'

export interface DispatcherParts {
  readonly config: Config
  readonly databases: Databases
  readonly databaseUrl: () => string
  readonly broker: Broker
  readonly publish: Publish
  /** The database's clock. */
  readonly now: () => Date
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

export function createDispatcher({ config, databases, databaseUrl, broker, publish, now, isAlone, log }: DispatcherParts): Dispatcher {
  let address = ''
  let markHeld: () => void
  const held = new Promise<void>((resolve) => {
    markHeld = resolve
  })
  const ownership = createOwnership({
    db: databases.lease, broker, isCutOff: broker.isCutOff, address: () => `${hostname()} ${process.pid} ${address}`, isAlone, log,
    onHeld: () => markHeld(),
    drain: (partition) => deliveries.drain(partition),
    onTaken: () => {
      dispatch.wake()
      deliveries.rescan()
      cancelSweep.lookAtAll()
    },
  })
  const removal = createSubjectRemoval({ db: databases.recovery, log })
  // As many as there are attempts, each for as long as it may take to connect.
  const names = createNames({ mostNames: config.sendsInAll + MAIL_SLOTS.inAll, patienceMs: WEBHOOK_LIMITS.connectMs, log })
  const canary = config.canaryIntervalMs === 0 ? undefined : createCanary({ db: databases.recovery, publish, now, sender: createLoopbackSender({ resolve: names.resolve, now, log }), intervalMs: config.canaryIntervalMs, log })
  const deliveries = createDeliveries({ config, databases, ownership, now, onCountedDown: removal.wake, resolve: names.resolve, aroundWebhooks: canary?.around, log })
  const dispatch = createDispatch({
    db: databases.dispatch, slowDb: databases.slowDispatch, broker, ownership, log,
    onMatched: deliveries.hint,
    onRemovals: removal.wake,
    onUncertain: deliveries.rescan,
  })
  const cancelSweep = createCancelSweep({ db: databases.recovery, ownership, isBusy: deliveries.isBusy, onCancelled: removal.wake, log })
  const repairs: Worker[] = [
    removal,
    cancelSweep,
    createReaper({ db: databases.recovery, intervalMs: config.reaperIntervalMs, log }),
    createRetention({ db: databases.housekeeping, retentionHours: config.retentionHours, log }),
    createStuckLaneAlarm({ db: databases.housekeeping, log }),
    ...(canary ? [canary] : []),
    ...(isAlone || config.broker ? [] : [createListener({ url: databaseUrl, onHint: dispatch.wake, log })]),
  ]

  return {
    announce(where) {
      address = where
    },
    working: () => held,
    wake: dispatch.wake,
    start() {
      for (const worker of [ownership, deliveries, dispatch, ...repairs]) worker.start()
    },
    async stop() {
      // First: it hands the partitions over while the others still finish what they have begun.
      await ownership.stop()
      await dispatch.stop()
      await deliveries.stop()
      await Promise.all(repairs.map((worker) => worker.stop()))
      names.close()
    },
  }
}

/** For the canary alone: no other address comes here, and the guard of the webhooks is no wider for it. */
const createLoopbackSender = ({ resolve, now, log }: Pick<DispatcherParts, 'now' | 'log'> & { readonly resolve: Resolve }): Sender =>
  createWebhookNotifier(createWebhookSender({ guard: createAddressGuard({ allow: ['127.0.0.1/32'] }), resolve, now, log }), now)
