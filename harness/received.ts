import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { EventFields } from '@tidings/contract/event-text.ts'
import { isObject } from '@tidings/contract/is-object.ts'

/** The body of protocol 5.3. */
export interface NotificationBody {
  readonly uuid: string
  readonly tenant: string
  readonly subscriptionName: string
  readonly eventUuid: string
  readonly event: EventFields & { readonly seriesSeqCount: number }
  readonly deliveryTarget: { readonly deliveryMethod: string; readonly deliveryAddress: string }
  readonly created: string
}

/** One request as it arrived. */
export interface Received {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly rawBody: Buffer
  /** The parsed body; undefined if it is not JSON. */
  readonly body: unknown
  /** The body as a notification; throws if it is not one. */
  readonly notification: NotificationBody
  /** The client's port: equal for two requests over one connection. */
  readonly remotePort: number | undefined
  readonly arrivedAt: Date
  /** Undefined until the response was sent. */
  answeredStatus: number | undefined
}

export function receivedOf(request: IncomingMessage, rawBody: Buffer): Received {
  const body = parsed(rawBody.toString())
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    rawBody,
    body,
    get notification() {
      if (!isNotification(body)) throw new Error(`no notification: ${rawBody.toString().slice(0, 200)}`)
      return body
    },
    remotePort: request.socket.remotePort,
    arrivedAt: new Date(),
    answeredStatus: undefined,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isNotification = (body: unknown): body is NotificationBody =>
  isObject(body) && 'uuid' in body && 'event' in body && 'deliveryTarget' in body
