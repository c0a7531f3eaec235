import { randomUUID } from 'node:crypto'
import type { EventInput } from '@tidings/contract/event.ts'

/** Where to send which body. */
export interface Notification {
  readonly target: Target
  readonly body: string
}

export interface Target {
  readonly subscription: string
  readonly origin: string
  readonly path: string
}

/** Subscriptions in memory, by the type of the event. */
export type Subscriptions = ReadonlyMap<string, readonly Target[]>

export function createSubscriptions(receiverPort: number, endpoints: number): Subscriptions {
  const origin = `http://127.0.0.1:${receiverPort}`
  const targets = Array.from({ length: endpoints }, (_, endpoint) => ({
    subscription: `subscription-${endpoint}`,
    origin,
    path: `/t/${endpoint}`,
  }))
  return new Map([['jobs.JOB_NEW_STATUS.RUNNING', targets]])
}

/** What is sent to a target, before it is written as JSON. */
export interface Payload {
  readonly target: Target
  readonly payload: object
}

/** Returns one payload for each subscription to events of this type, with the members that Tidings sends. */
export function payloadsOf(event: EventInput, subscriptions: Subscriptions): Payload[] {
  const targets = subscriptions.get(event.type) ?? []
  const created = new Date().toISOString()
  const accepted = { ...event, uuid: randomUUID(), received: created }
  return targets.map((target) => ({
    target,
    payload: {
      uuid: randomUUID(),
      subscriptionName: target.subscription,
      eventUuid: accepted.uuid,
      event: accepted,
      deliveryTarget: { deliveryMethod: 'WEBHOOK', deliveryAddress: target.origin + target.path },
      created,
    },
  }))
}

export const notificationsOf = (event: EventInput, subscriptions: Subscriptions): Notification[] =>
  payloadsOf(event, subscriptions).map(({ target, payload }) => ({ target, body: JSON.stringify(payload) }))
