import type { Sender } from '../sender.ts'
import type { WebhookSender } from './webhook-sender.ts'

/**
 * Sends notifications as webhooks, with the headers webhook-id and webhook-timestamp of Standard Webhooks. `now` is the
 * database's clock, whatever the host's says: receivers reject a timestamp that is some minutes off.
 */
export const createWebhookNotifier = (webhook: WebhookSender, now: () => Date): Sender => ({
  send: ({ uuid, address, body, signal, maySend }) =>
    webhook.send({
      address,
      body,
      signal,
      maySend,
      headers: { 'webhook-id': uuid, 'webhook-timestamp': String(Math.floor(now().getTime() / 1000)) },
    }),
  close: webhook.close,
})
