import { pino } from 'pino'
import { createAddressGuard, type AddressGuard } from '@tidings/server/delivery/webhook/address-guard.ts'
import { createNameResolver } from '@tidings/server/delivery/names/resolve.ts'
import type { SendResult } from '@tidings/server/delivery/send-result.ts'
import {
  createWebhookSender,
  WEBHOOK_LIMITS,
  type WebhookLimits,
  type WebhookSend,
  type WebhookSender,
  type WebhookSenderDeps,
} from '@tidings/server/delivery/webhook/webhook-sender.ts'

export interface TestWebhookSender extends WebhookSender {
  /** Sends `{}` unless the options say otherwise. */
  post(address: string, options?: Partial<WebhookSend>): Promise<SendResult>
}

const LOOPBACK_GUARD: AddressGuard = createAddressGuard({ allow: ['127.0.0.0/8', '::1/128'] })

/** A real sender with short limits, which may reach loopback. */
export function createTestWebhookSender({
  limits,
  ...deps
}: Partial<Omit<WebhookSenderDeps, 'limits'>> & { limits?: Partial<WebhookLimits> } = {}): TestWebhookSender {
  const log = pino({ level: 'silent' })
  const { resolve } = createNameResolver({ maxNames: 100, timeoutMs: 5000, log })
  const sender = createWebhookSender({
    guard: LOOPBACK_GUARD,
    resolve,
    now: () => new Date(),
    log,
    ...deps,
    limits: { ...WEBHOOK_LIMITS, connectMs: 2000, totalMs: 5000, ...limits },
  })
  return {
    ...sender,
    post: (address, options) => sender.send({ address, body: '{}', headers: {}, maySend: () => true, ...options }),
  }
}
