import { quoted } from '@tidings/contract/event-text.ts'

export interface NotificationFields {
  readonly uuid: string
  readonly tenant: string
  readonly subscriptionName: string
  readonly eventUuid: string
  /** The event as `eventText` of the contract prints it, its number included. */
  readonly eventText: string
  readonly deliveryMethod: string
  readonly deliveryAddress: string
  /** An instant as `instantText` of the contract prints it. */
  readonly created: string
}

/** The body of a notification, byte for byte as the Tapis service sends it (contract 5.3): Gson's pretty printing, no newline at the end. */
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
