import { Type, type Static } from 'typebox'
import { EventInput } from './event.ts'
import { Notification } from './notification.ts'
import { SubscriptionResponse } from './subscription.ts'

/**
 * The progress of a test sequence: the members in responses of the original and those that its document names, for
 * clients of either (Tapis Notifications 1.6.2, getTestSequence).
 */
export const TestSequence = Type.Object({
  tenant: Type.String(),
  owner: Type.String(),
  subscriptionName: Type.String(),
  startCount: Type.Integer(),
  notificationCount: Type.Integer(),
  receivedNotifications: Type.Array(Notification),
  created: Type.String(),
  updated: Type.String(),
  subscription: SubscriptionResponse,
  receivedEvents: Type.Array(EventInput),
})
export type TestSequence = Static<typeof TestSequence>
