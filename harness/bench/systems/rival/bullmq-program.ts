import { runBullMqService } from './bullmq-service.ts'
import { payloadsOf } from './rival-notification.ts'

/** BullMQ as its users run it: the worker calls the `fetch` of Node.js, and throws unless the response is a 2xx. */
await runBullMqService({
  jobsOf: (event, subscriptions) =>
    payloadsOf(event, subscriptions).map(({ target, payload }) => ({ url: target.origin + target.path, payload })),
  createSend:
    () =>
    async ({ url, payload }) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(payload),
      })
      if (!response.ok) throw new Error(`the receiver responded ${response.status}`)
    },
})
