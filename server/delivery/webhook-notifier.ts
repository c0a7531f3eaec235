import type { Sender } from './sender.ts'
import type { WebhookSender } from './webhook.ts'

/**
 * Sends notifications as webhooks. The added headers change nothing in the body (Standard Webhooks: webhook-id, webhook-timestamp).
 * `now`: receivers refuse a timestamp that is some minutes off, so it is the database's clock, whatever the host's says.
 */
export const createWebhookNotifier = (webhook: WebhookSender, now: () => Date): Sender => ({
  send: ({ uuid, address, body, signal, maySend }) => webhook.send({
    address, body, signal, maySend,
    headers: { 'webhook-id': uuid, 'webhook-timestamp': String(Math.floor(now().getTime() / 1000)) },
  }),
  close: webhook.close,
})
