import { listenForEvents } from './event-endpoint.ts'
import { createSubscriptions, notificationsOf } from './rival-notification.ts'
import { readRivalSettings, reportReady } from './rival-settings.ts'
import { createWebhookPool } from './webhook-pool.ts'

/** HTTP in, HTTP out and nothing between: events are lost with the process, and failed notifications at once. */
const { receiverPort, endpoints, concurrency } = readRivalSettings()
const subscriptions = createSubscriptions(receiverPort, endpoints)
const send = createWebhookPool(concurrency)

reportReady(
  await listenForEvents((event) => {
    for (const notification of notificationsOf(event, subscriptions)) send(notification).catch(() => undefined)
    return Promise.resolve()
  }),
)
