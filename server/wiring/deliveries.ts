import type { Config } from '../config/config.ts'
import type { Pools } from './pools.ts'
import type { Ownership } from '../db/fence.ts'
import { createDelivery, type Delivery } from '../delivery/delivery.ts'
import { createMailSender, MAIL_SLOTS } from '../delivery/email/mail-sender.ts'
import type { DeliveryMethod } from '../lanes/lane.ts'
import type { PlacedLane } from '../lanes/placed-lane.ts'
import { createDeletions } from '../lanes/deletions.ts'
import { createLaneKeeper, type LaneKeeper } from '../lanes/lane-keeper.ts'
import { createLaneMemory } from '../lanes/lane-memory.ts'
import { createTargetCache } from '../lanes/target-cache.ts'
import { createUnknownNotificationCheck } from '../lanes/unknown-notifications.ts'
import { thawEmptied } from '../lanes/thaw-emptied.ts'
import type { Resolve } from '../delivery/names/resolve.ts'
import type { Sender } from '../delivery/sender.ts'
import type { SlotLimits } from '../delivery/slots.ts'
import { createWebhookNotifier } from '../delivery/webhook/webhook-notifier.ts'
import { createWebhookSender } from '../delivery/webhook/webhook-sender.ts'
import type { Log } from '../log.ts'
import { MACHINE } from '../runtime/machine.ts'
import { createConfiguredGuard } from './reachability.ts'

export interface DeliveriesDeps {
  readonly config: Config
  readonly pools: Pools
  readonly ownership: Ownership & { renew(partitions: readonly number[]): void }
  /** The database's clock. */
  readonly now: () => Date
  /** Rows of lanes are to be written. */
  readonly onRequest: () => void
  /** A notification of an event that removes subscriptions was settled. */
  readonly onCountedDown: () => void
  readonly resolve: Resolve
  /** What sends webhooks, given what usually does. */
  readonly wrapWebhookSender?: ((usual: Sender) => Sender) | undefined
  readonly log: Log
}

/**
 * The lanes in memory, and a delivery for each method. The methods have their own slots, turns and connections, so mail
 * and webhooks never wait for each other.
 */
export interface Deliveries extends Pick<Delivery, 'drain' | 'start' | 'stop'> {
  readonly lanes: LaneKeeper
  /** Whether memory has this lane, or reads it. */
  isBusy(lane: PlacedLane): boolean
  /** Nothing waits in these lanes: their rows can go. */
  emptied(lanes: readonly PlacedLane[]): Promise<void>
}

export function createDeliveries(deps: DeliveriesDeps): Deliveries {
  const { config, pools, ownership, now, onRequest, onCountedDown, resolve, log } = deps
  const wrap = deps.wrapWebhookSender ?? ((usual: Sender) => usual)
  const clock = MACHINE.now
  const guard = createConfiguredGuard(config)
  const webhooks = wrap(createWebhookNotifier(createWebhookSender({ guard, resolve, now, log }), now))
  const mails = createMailSender({ mail: config.mail, resolve, log })
  const memory = createLaneMemory({ outletOf: (method) => byMethod[method], onRequest, clock })
  const targets = createTargetCache({ db: pools.claim, isCancelled: memory.isCancelled })
  const deletions = createDeletions({
    db: pools.deletions,
    onDeleted(targetIds) {
      targets.cancel(targetIds)
      memory.cancel(targetIds)
    },
    onFresh() {
      for (const delivery of all) delivery.wake()
    },
    log,
  })
  const lanes = createLaneKeeper({
    db: pools.dispatch,
    memory,
    targets,
    ownership,
    isReady: deletions.hasLooked,
    async ended(home) {
      await Promise.all(all.map((delivery) => delivery.ended(home)))
    },
    onLoaded() {
      for (const delivery of all) delivery.rescan()
    },
    log,
    clock,
  })
  const common = {
    memory,
    lanes,
    targets,
    deletions,
    ownership,
    now,
    log,
    onCountedDown,
    onEmptied: emptied,
    retry: { delaysMs: config.retryDelaysMs, horizonMs: config.retryHorizonMs },
  }
  const byMethod: Readonly<Record<DeliveryMethod, Delivery>> = {
    WEBHOOK: createDelivery({ ...common, ...webhooksOf(config, pools), method: 'WEBHOOK', sender: webhooks }),
    EMAIL: createDelivery({ ...common, ...mailsOf(pools), method: 'EMAIL', sender: mails }),
  }
  const all = Object.values(byMethod)
  const checked = { homes: memory.homes, uncertain: lanes.uncertain }
  const memoryCheck = createUnknownNotificationCheck({ db: pools.housekeeping, ...checked, log })
  const isBusy = (lane: PlacedLane) => all.some((delivery) => delivery.isBusy(lane))

  async function emptied(empty: readonly PlacedLane[]): Promise<void> {
    await thawEmptied({ memory, targets, lanes, isBusy, clock }, empty)
    onRequest()
  }

  return {
    lanes,
    isBusy,
    emptied,
    async drain(partition) {
      await Promise.all(all.map((delivery) => delivery.drain(partition)))
    },
    start() {
      for (const worker of [deletions, ...all, memoryCheck]) worker.start()
    },
    async stop() {
      await Promise.all(all.map((delivery) => delivery.stop()))
      await deletions.stop()
      await Promise.all([webhooks.close(), mails.close()])
      await memoryCheck.stop()
    },
  }
}

const webhooksOf = (config: Config, pools: Pools) => ({
  claimDb: pools.claim,
  settleDb: pools.settle,
  limits: webhookSlots(config),
})

const mailsOf = (pools: Pools) => ({ claimDb: pools.claimMail, settleDb: pools.settleMail, limits: MAIL_SLOTS })

/** Addresses that hang, however many, leave slots: an eighth to prompt ones, half of all to those not known as slow. */
const webhookSlots = ({ maxSends, maxSendsPerAddress }: Config): SlotLimits => ({
  inAll: maxSends,
  perAddress: maxSendsPerAddress,
  reserved: Math.floor(maxSends / 8),
  slow: Math.ceil(maxSends / 2),
})
