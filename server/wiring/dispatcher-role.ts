import { hostname } from 'node:os'
import type { Broker } from '../broker/broker.ts'
import { createCanary, type Canary } from '../canary/canary.ts'
import type { Config } from '../config/config.ts'
import type { Pools } from './pools.ts'
import { createDeliveries } from './deliveries.ts'
import { createAddressGuard } from '../delivery/webhook/address-guard.ts'
import { createCancelSweep } from '../delivery/cancel-sweep.ts'
import { MAIL_SLOTS } from '../delivery/email/mail-sender.ts'
import { createNameResolver, type NameResolver, type Resolve } from '../delivery/names/resolve.ts'
import type { Sender } from '../delivery/sender.ts'
import { createWebhookNotifier } from '../delivery/webhook/webhook-notifier.ts'
import { createWebhookSender, WEBHOOK_LIMITS } from '../delivery/webhook/webhook-sender.ts'
import { createDispatch, type Dispatch } from '../dispatch/dispatch.ts'
import { createEventListener } from '../dispatch/event-listener.ts'
import type { Log } from '../log.ts'
import { createOwnership, type OwnershipWorker } from '../ownership/ownership.ts'
import type { Publish } from '../publish/publish.ts'
import { createReaper } from '../recovery/reaper.ts'
import { createRetention } from '../recovery/retention.ts'
import { createStuckLaneAlarm } from '../recovery/stuck-lanes.ts'
import { createSubjectRemoval } from '../recovery/subject-removal.ts'
import { deferred } from '../runtime/deferred.ts'
import type { Worker } from '../runtime/loop.ts'

export interface DispatcherRoleDeps {
  readonly config: Config
  readonly pools: Pools
  readonly databaseUrl: () => string
  readonly broker: Broker
  readonly publish: Publish
  /** The database's clock. */
  readonly now: () => Date
  readonly isAlone: boolean
  readonly log: Log
}

/** The role that numbers, matches, delivers and repairs. */
export interface DispatcherRole extends Worker, Pick<Dispatch, 'news'> {
  /** Where this process can be found, for those who read the `dispatcher` table. */
  announce(address: string): void
  readonly ownership: Pick<OwnershipWorker, 'activePartitions' | 'refuse'>
  /** Resolves when the first lease is held. */
  leaseAcquired(): Promise<void>
}

export function createDispatcherRole(deps: DispatcherRoleDeps): DispatcherRole {
  const { config, pools, broker, now, isAlone, log } = deps
  let address = ''
  const firstLease = deferred()
  const ownership = createOwnership({
    db: pools.lease,
    broker,
    isDisconnected: broker.isDisconnected,
    address: () => `${hostname()} ${process.pid} ${address}`,
    isAlone,
    log,
    onLeased: firstLease.resolve,
    drain: (partition) => deliveries.drain(partition),
    onTaken: () => {
      dispatch.news()
      cancelSweep.sweepAll()
    },
  })
  const removal = createSubjectRemoval({ db: pools.recovery, log })
  const nameResolver = createAttemptResolver(deps)
  const canary = createConfiguredCanary(deps, nameResolver.resolve)
  const deliveries = createDeliveries({
    config,
    pools,
    ownership,
    now,
    onRequest: () => dispatch.wake(),
    onCountedDown: removal.wake,
    resolve: nameResolver.resolve,
    wrapWebhookSender: canary?.wrapSender,
    log,
  })
  const dispatch = createDispatch({
    db: pools.dispatch,
    slowDb: pools.slowDispatch,
    lanes: deliveries.lanes,
    ownership,
    log,
    onRemovals: removal.wake,
  })
  const cancelSweep = createCancelSweep({
    db: pools.recovery,
    ownership,
    lanes: deliveries.lanes,
    isBusy: deliveries.isBusy,
    onEmptied: deliveries.emptied,
    onCancelled: removal.wake,
    log,
  })
  const repairs: Worker[] = [
    removal,
    cancelSweep,
    ...createHousekeeping(deps),
    ...(canary ? [canary] : []),
    ...createListeners(deps, () => dispatch.news()),
  ]

  return {
    announce(where) {
      address = where
    },
    ownership,
    leaseAcquired: () => firstLease.promise,
    news: dispatch.news,
    start() {
      for (const worker of [ownership, deliveries, dispatch, ...repairs]) worker.start()
    },
    async stop() {
      // First: it hands the partitions over while the others still finish what they have begun.
      await ownership.stop()
      await dispatch.stop()
      await deliveries.stop()
      await Promise.all(repairs.map((worker) => worker.stop()))
      nameResolver.close()
    },
  }
}

/** Resolves as many names at once as there are attempts, each for as long as it may take to connect. */
const createAttemptResolver = ({ config, log }: DispatcherRoleDeps): NameResolver =>
  createNameResolver({
    maxNames: config.maxSends + MAIL_SLOTS.inAll,
    timeoutMs: WEBHOOK_LIMITS.connectMs,
    log,
  })

function createConfiguredCanary(
  { config, pools, publish, now, log }: DispatcherRoleDeps,
  resolve: Resolve,
): Canary | undefined {
  if (config.canaryIntervalMs === 0) return undefined
  return createCanary({
    db: pools.recovery,
    publish,
    now,
    sender: createLoopbackSender({ resolve, now, log }),
    intervalMs: config.canaryIntervalMs,
    log,
  })
}

const createHousekeeping = ({ config, pools, log }: DispatcherRoleDeps): Worker[] => [
  createReaper({ db: pools.recovery, intervalMs: config.reaperIntervalMs, log }),
  createRetention({ db: pools.housekeeping, retentionHours: config.retentionHours, log }),
  createStuckLaneAlarm({ db: pools.housekeeping, log }),
]

/** Events of other processes arrive by a notification, unless there is no other process, or RabbitMQ brings them. */
const createListeners = ({ config, databaseUrl, isAlone, log }: DispatcherRoleDeps, onHint: () => void): Worker[] =>
  isAlone || config.broker ? [] : [createEventListener({ url: databaseUrl, onHint, log })]

/** For the canary alone: no other address comes here, and the guard of the webhooks is no wider for it. */
const createLoopbackSender = ({
  resolve,
  now,
  log,
}: Pick<DispatcherRoleDeps, 'now' | 'log'> & { readonly resolve: Resolve }): Sender =>
  createWebhookNotifier(
    createWebhookSender({ guard: createAddressGuard({ allow: ['127.0.0.1/32'] }), resolve, now, log }),
    now,
  )
