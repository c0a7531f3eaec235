import { startReceiver, type NotificationBody } from '@tidings/harness/receiver.ts'
import type { ReceiverArrival } from './ledger.ts'

/** Somebody who gets webhooks. */
export interface Endpoint {
  readonly name: string
  readonly url: string
  /** From now on answers 503, as a proxy does for an application that is down, so that attempts can be seen. */
  goDown(): void
  comeUp(): void
  /** Resolves once the next notification is in hand, taken but not answered. It is answered when the returned function is called. */
  holdNext(): Promise<() => void>
  close(): Promise<void>
}

export interface EndpointParts {
  readonly name: string
  readonly now: () => number
  readonly onArrival: (arrival: ReceiverArrival, notification: NotificationBody) => void
}

/** A real HTTP receiver that reports every request to `onArrival` before it answers. */
export async function startEndpoint({ name, now, onArrival }: EndpointParts): Promise<Endpoint> {
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
    holdNext: () => new Promise((resolve) => {
      hold = resolve
    }),
    close: () => receiver.close(),
  }
}
