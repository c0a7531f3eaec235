import type { Sender } from './sender.ts'
import type { WebhookSender } from './webhook.ts'

/** Sends notifications as webhooks. The added headers change nothing in the body (Standard Webhooks: webhook-id, webhook-timestamp). */
export const createWebhookNotifier = (webhook: WebhookSender): Sender => ({
  send: ({ uuid, address, body, signal, maySend }) => webhook.send({
    address, body, signal, maySend,
    headers: { 'webhook-id': uuid, 'webhook-timestamp': String(Math.floor(Date.now() / 1000)) },
  }),
  close: webhook.close,
})
