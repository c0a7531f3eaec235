import { startReceiver, type Receiver } from '@tidings/harness/receiver.ts'
import { afterEach, beforeEach } from 'vitest'
import { createTestWebhookSender, type TestWebhookSender } from './test-webhook-sender.ts'

export interface WebhookPair {
  readonly receiver: Pick<Receiver, 'url' | 'received' | 'decide' | 'take' | 'waitFor' | 'goDown' | 'comeUp'>
  readonly sender: Pick<TestWebhookSender, 'post' | 'close'>
}

/** To be called once at the top of a file: a receiver and a sender that may reach it, both new for each test. */
export function webhookPairForFile(): WebhookPair {
  let receiver: Receiver
  let sender: TestWebhookSender

  beforeEach(async () => {
    receiver = await startReceiver()
    sender = createTestWebhookSender()
  })

  afterEach(async () => {
    await sender.close()
    await receiver.close()
  })

  return {
    receiver: {
      url: (path) => receiver.url(path),
      get received() {
        return receiver.received
      },
      decide: (callback) => receiver.decide(callback),
      take: (...request) => receiver.take(...request),
      waitFor: (...request) => receiver.waitFor(...request),
      goDown: () => receiver.goDown(),
      comeUp: () => receiver.comeUp(),
    },
    sender: {
      post: (...request) => sender.post(...request),
      close: () => sender.close(),
    },
  }
}
