import { startReceiver, type NotificationBody } from '@tidings/harness/receiver.ts'
import type { ReceiverArrival } from './ledger.ts'

/** A receiver of webhooks. */
export interface Endpoint {
  readonly name: string
  readonly url: string
  /** Responds with 503 from now on, as a proxy does for an application that is down, so that attempts are visible. */
  goDown(): void
  comeUp(): void
  /**
   * Resolves when the next notification has come. Its response is held back until the returned function is called.
   */
  holdNext(): Promise<() => void>
  close(): Promise<void>
}

export interface EndpointDeps {
  readonly name: string
  readonly now: () => number
  readonly onArrival: (arrival: ReceiverArrival, notification: NotificationBody) => void
}

/** Starts a real HTTP receiver that reports every request to `onArrival` before it responds. */
export async function startEndpoint({ name, now, onArrival }: EndpointDeps): Promise<Endpoint> {
  const receiver = await startReceiver()
  let isDown = false
  let hold: ((release: () => void) => void) | undefined

  receiver.decide((request) => {
    const { notification } = request
    onArrival(arrivalOf(notification, !isDown), notification)
    if (isDown) return 503
    const take = hold
    hold = undefined
    return take ? new Promise((resolve) => take(() => resolve(200))) : 200
  })

  function arrivalOf({ uuid, eventUuid, event }: NotificationBody, isAccepted: boolean): ReceiverArrival {
    return { receiver: name, notificationUuid: uuid, eventUuid, number: event.seriesSeqCount, isAccepted, atMs: now() }
  }

  return {
    name,
    url: receiver.url('/hooks/jobs'),
    goDown() {
      isDown = true
    },
    comeUp() {
      isDown = false
    },
    holdNext: () =>
      new Promise((resolve) => {
        hold = resolve
      }),
    close: () => receiver.close(),
  }
}
