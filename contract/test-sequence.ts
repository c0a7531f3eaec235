import { Type, type Static } from 'typebox'
import { EventInput } from './event.ts'
import { Notification } from './notification.ts'
import { ShownSubscription } from './subscription.ts'

/**
 * How far a test sequence has come: the members that the original answers and those that its document names, for clients
 * of either (Tapis Notifications 1.6.2, getTestSequence).
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
  subscription: ShownSubscription,
  receivedEvents: Type.Array(EventInput),
})
export type TestSequence = Static<typeof TestSequence>
