import { pino } from 'pino'
import { createAddressGuard, type AddressGuard } from '@tidings/server/delivery/address-guard.ts'
import { createNames } from '@tidings/server/delivery/resolve.ts'
import type { SendResult } from '@tidings/server/delivery/send-result.ts'
import { createWebhookSender, WEBHOOK_LIMITS, type WebhookLimits, type WebhookSend, type WebhookSender, type WebhookSenderParts } from '@tidings/server/delivery/webhook.ts'

export interface TestSender extends WebhookSender {
  /** Sends `{}` unless the options say otherwise. */
  post(address: string, options?: Partial<WebhookSend>): Promise<SendResult>
}

const LOOPBACK_GUARD: AddressGuard = createAddressGuard({ allow: ['127.0.0.0/8', '::1/128'] })

/** A real sender with short limits, which may reach loopback. */
export function testSender({ limits, ...parts }: Partial<Omit<WebhookSenderParts, 'limits'>> & { limits?: Partial<WebhookLimits> } = {}): TestSender {
  const log = pino({ level: 'silent' })
  const { resolve } = createNames({ mostNames: 100, patienceMs: 5000, log })
  const sender = createWebhookSender({ guard: LOOPBACK_GUARD, resolve, now: () => new Date(), log, ...parts, limits: { ...WEBHOOK_LIMITS, connectMs: 2000, totalMs: 5000, ...limits } })
  return { ...sender, post: (address, options) => sender.send({ address, body: '{}', headers: {}, maySend: () => true, ...options }) }
}
