import { Type, type Static } from 'typebox'
import { EventInput } from './event.ts'
import { NewDeliveryTarget } from './subscription.ts'

/**
 * What a delivery target receives for an event, and what the callback of a test sequence accepts (Tapis Notifications
 * 1.6.2, recordTestNotification). Unknown members are allowed.
 */
export const Notification = Type.Object({
  uuid: Type.String({ minLength: 1 }),
  tenant: Type.String({ minLength: 1 }),
  subscriptionName: Type.String({ minLength: 1, maxLength: 188 }),
  eventUuid: Type.Optional(Type.String()),
  event: EventInput,
  deliveryTarget: NewDeliveryTarget,
  created: Type.String({ format: 'date-time' }),
})
export type Notification = Static<typeof Notification>
