import { BASE_PATH } from './api/route.ts'
import type { Config } from './config.ts'
import type { Databases } from './databases.ts'
import type { Held } from './db/fence.ts'
import { createAddressGuard } from './delivery/address-guard.ts'
import { createDelivery, type Delivery } from './delivery/delivery.ts'
import { createMailSender, MAIL_SLOTS } from './delivery/email/mail-sender.ts'
import type { Pair } from './delivery/hints.ts'
import type { DeliveryMethod } from './delivery/lane.ts'
import type { Sender } from './delivery/sender.ts'
import type { SlotLimits } from './delivery/slots.ts'
import { createWebhookNotifier } from './delivery/webhook-notifier.ts'
import { createWebhookSender } from './delivery/webhook.ts'
import type { Log } from './log.ts'

const METHODS = ['WEBHOOK', 'EMAIL'] as const satisfies readonly DeliveryMethod[]
const CALLBACK_PATH = `${BASE_PATH}/test/callback/`

export interface DeliveriesParts {
  readonly config: Config
  readonly databases: Databases
  readonly ownership: Held
  /** The database's clock. */
  readonly now: () => Date
  /** A notification of an event that removes subscriptions was settled. */
  readonly onCountedDown: () => void
  /** What sends webhooks, given what usually does. */
  readonly aroundWebhooks?: ((usual: Sender) => Sender) | undefined
  readonly log: Log
}

/** A delivery for each method. They share nothing but the tables, so mail and webhooks never wait for each other. */
export interface Deliveries extends Pick<Delivery, 'rescan' | 'isBusy' | 'drain' | 'start' | 'stop'> {
  /** Lanes of these pairs may be due now. */
  hint(pairs: readonly (Pair & { readonly method: string })[]): void
}

export function createDeliveries({ config, databases, ownership, now, onCountedDown, aroundWebhooks = (usual) => usual, log }: DeliveriesParts): Deliveries {
  const guard = createAddressGuard({ allow: config.allowAddresses, exceptOrigin: ownCallbacks(config.publicUrl) })
  const webhooks = aroundWebhooks(createWebhookNotifier(createWebhookSender({ guard, log }), now))
  const mails = createMailSender({ mail: config.mail, log })
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

/** Where test sequences are called back, base path included. */
function ownCallbacks(publicUrl: string | undefined): { origin: string; pathPrefix: string } | undefined {
  if (publicUrl === undefined) return undefined
  const { origin, pathname } = new URL(`${publicUrl}${CALLBACK_PATH}`)
  return { origin, pathPrefix: pathname }
}
