import type { Config } from './config.ts'
import type { Databases } from './databases.ts'
import type { Held } from './db/fence.ts'
import { createDelivery, type Delivery } from './delivery/delivery.ts'
import { createMailSender, MAIL_SLOTS } from './delivery/email/mail-sender.ts'
import type { Pair } from './delivery/hints.ts'
import type { DeliveryMethod } from './delivery/lane.ts'
import type { Resolve } from './delivery/resolve.ts'
import type { Sender } from './delivery/sender.ts'
import type { SlotLimits } from './delivery/slots.ts'
import { createWebhookNotifier } from './delivery/webhook-notifier.ts'
import { createWebhookSender } from './delivery/webhook.ts'
import type { Log } from './log.ts'
import { createGuard } from './reach.ts'

const METHODS = ['WEBHOOK', 'EMAIL'] as const satisfies readonly DeliveryMethod[]

export interface DeliveriesParts {
  readonly config: Config
  readonly databases: Databases
  readonly ownership: Held
  /** The database's clock. */
  readonly now: () => Date
  /** A notification of an event that removes subscriptions was settled. */
  readonly onCountedDown: () => void
  readonly resolve: Resolve
  /** What sends webhooks, given what usually does. */
  readonly aroundWebhooks?: ((usual: Sender) => Sender) | undefined
  readonly log: Log
}

/** A delivery for each method. They share nothing but the tables, so mail and webhooks never wait for each other. */
export interface Deliveries extends Pick<Delivery, 'rescan' | 'isBusy' | 'drain' | 'start' | 'stop'> {
  /** Lanes of these pairs may be due now. */
  hint(pairs: readonly (Pair & { readonly method: string })[]): void
}

export function createDeliveries({ config, databases, ownership, now, onCountedDown, resolve, aroundWebhooks = (usual) => usual, log }: DeliveriesParts): Deliveries {
  const guard = createGuard(config)
  const webhooks = aroundWebhooks(createWebhookNotifier(createWebhookSender({ guard, resolve, now, log }), now))
  const mails = createMailSender({ mail: config.mail, resolve, log })
  const common = { ownership, log, onCountedDown, retry: { delaysMs: config.retryDelaysMs, horizonMs: config.retryHorizonMs } }
  const byMethod: Readonly<Record<DeliveryMethod, Delivery>> = {
    WEBHOOK: createDelivery({
      ...common, method: 'WEBHOOK', sender: webhooks, claimDb: databases.claim, settleDb: databases.settle,
      limits: webhookSlots(config),
    }),
    EMAIL: createDelivery({ ...common, method: 'EMAIL', sender: mails, claimDb: databases.claimMail, settleDb: databases.settleMail, limits: MAIL_SLOTS }),
  }
  const all = Object.values(byMethod)

  return {
    hint(pairs) {
      for (const method of METHODS) {
        const ofMethod = pairs.filter((pair) => pair.method === method)
        if (ofMethod.length > 0) byMethod[method].hint(ofMethod)
      }
    },
    rescan() {
      for (const delivery of all) delivery.rescan()
    },
    isBusy: (lane) => all.some((delivery) => delivery.isBusy(lane)),
    async drain(partition) {
      await Promise.all(all.map((delivery) => delivery.drain(partition)))
    },
    start() {
      for (const delivery of all) delivery.start()
    },
    async stop() {
      await Promise.all(all.map((delivery) => delivery.stop()))
      await Promise.all([webhooks.close(), mails.close()])
    },
  }
}

/** However many addresses hang: an eighth is for those that do not, and as much as half for those that are not known to. */
const webhookSlots = ({ sendsInAll, sendsPerAddress }: Config): SlotLimits =>
  ({ inAll: sendsInAll, perAddress: sendsPerAddress, reserved: Math.floor(sendsInAll / 8), slow: Math.ceil(sendsInAll / 2) })
