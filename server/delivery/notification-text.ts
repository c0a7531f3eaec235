import { quoted } from '@tidings/contract/event-text.ts'

export interface NotificationFields {
  readonly uuid: string
  readonly tenant: string
  readonly subscriptionName: string
  readonly eventUuid: string
  /** The event as printed by `eventText` (contract/event-text.ts), with its number. */
  readonly eventText: string
  readonly deliveryMethod: string
  readonly deliveryAddress: string
  /** An instant as printed by `instantText` (contract/event-text.ts). */
  readonly created: string
}

/**
 * Returns the body of a notification, byte for byte as the Tapis service sends it (protocol 5.3): Gson's pretty
 * printing, without a newline at the end.
 */
export function notificationText(notification: NotificationFields): string {
  return `{
  "uuid": ${quoted(notification.uuid)},
  "tenant": ${quoted(notification.tenant)},
  "subscriptionName": ${quoted(notification.subscriptionName)},
  "eventUuid": ${quoted(notification.eventUuid)},
  "event": ${notification.eventText},
  "deliveryTarget": {
    "deliveryMethod": ${quoted(notification.deliveryMethod)},
    "deliveryAddress": ${quoted(notification.deliveryAddress)}
  },
  "created": ${quoted(notification.created)}
}`
}
