import { Type, type Static, type TSchema } from 'typebox'
import { UUID_PATTERN } from './uuid.ts'

/*
 * Answers about events and what became of them. All of this is our own: no operation of Tapis Notifications 1.6.2 has
 * any of it in its answers.
 */

const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
const Text = Type.String()
const TextOrNull = orNull(Type.String())
const Uuid = Type.String({ pattern: UUID_PATTERN })
const Whole = Type.Integer()
const WholeOrNull = orNull(Type.Integer())

/** An event as it was published, with what the service added. */
export const StoredEvent = Type.Object({
  uuid: Uuid,
  tenant: Text,
  user: TextOrNull,
  source: TextOrNull,
  type: Text,
  subject: TextOrNull,
  seriesId: TextOrNull,
  seriesSeqCount: WholeOrNull,
  timestamp: TextOrNull,
  received: Text,
  endSeries: Type.Boolean(),
  deleteSubscriptionsMatchingSubject: Type.Boolean(),
  data: TextOrNull,
  isDataShown: Type.Boolean(),
})
export type StoredEvent = Static<typeof StoredEvent>

/** A subscription, by what tells it apart from others. */
export const SubscriptionName = Type.Object({ uuid: Uuid, owner: Text, name: Text })
export type SubscriptionName = Static<typeof SubscriptionName>

/** Where notifications go, as far as the caller may know it. */
export const TargetName = Type.Object({
  id: Uuid,
  deliveryMethod: Type.String({ pattern: '^(WEBHOOK|EMAIL)$' }),
  /** Null unless the caller is the owner. */
  deliveryAddress: TextOrNull,
  origin: Text,
})
export type TargetName = Static<typeof TargetName>

/** One request to a target, or one mail. */
export const Attempt = Type.Object({
  number: Whole,
  started: TextOrNull,
  durationMs: WholeOrNull,
  outcome: Type.String({ pattern: '^(failed|delivered)$' }),
  httpStatus: WholeOrNull,
  reason: TextOrNull,
})
export type Attempt = Static<typeof Attempt>

/** The notification that goes before others of its lane. */
export const FirstInLane = Type.Object({
  uuid: Uuid,
  eventUuid: Uuid,
  seriesSeqCount: WholeOrNull,
  created: Text,
  attempts: Whole,
  lastFailure: TextOrNull,
  nextTry: TextOrNull,
})
export type FirstInLane = Static<typeof FirstInLane>

export const NOTIFICATION_STATES = ['waiting', 'delivered', 'given_up', 'cancelled'] as const

/** What became of one notification. */
export const NotificationReport = Type.Object({
  uuid: Uuid,
  eventUuid: Uuid,
  subscription: SubscriptionName,
  target: TargetName,
  seriesSeqCount: WholeOrNull,
  state: Type.String({ pattern: `^(${NOTIFICATION_STATES.join('|')})$` }),
  reason: TextOrNull,
  explanation: Text,
  created: Text,
  settled: TextOrNull,
  attempts: Whole,
  httpStatus: WholeOrNull,
  nextTry: TextOrNull,
  /** Null once it is settled. At most 1,000 are counted. */
  before: WholeOrNull,
  /** Null when this one is the first, or is settled. */
  firstInLane: orNull(FirstInLane),
  /** The last 20. */
  lastAttempts: Type.Array(Attempt),
})
export type NotificationReport = Static<typeof NotificationReport>

/** A subscription that an event did not match. */
export const NotMatched = Type.Object({
  subscription: SubscriptionName,
  typeFilter: Text,
  subjectFilter: Text,
  reasons: Type.Array(Text),
  explanation: Text,
})
export type NotMatched = Static<typeof NotMatched>

export const EventReport = Type.Object({
  event: StoredEvent,
  state: Type.String({ pattern: '^(stored|dispatched|parked)$' }),
  reason: TextOrNull,
  explanation: Text,
  dispatched: TextOrNull,
  before: WholeOrNull,
  notifications: Type.Array(NotificationReport),
  hasMoreNotifications: Type.Boolean(),
  notMatched: Type.Array(NotMatched),
  hasMoreNotMatched: Type.Boolean(),
})
export type EventReport = Static<typeof EventReport>

/**
 * An event in a list, with how many of its notifications are in which state, counted up to 100 in all. The rest of it,
 * which takes reading its body, is in `event`, if that was asked for.
 */
const eventItem = {
  uuid: Uuid,
  tenant: Text,
  type: Text,
  subject: TextOrNull,
  seriesSeqCount: WholeOrNull,
  received: Text,
  bodyBytes: Whole,
  event: orNull(StoredEvent),
  state: EventReport.properties.state,
  dispatched: TextOrNull,
  waiting: Whole,
  delivered: Whole,
  givenUp: Whole,
  cancelled: Whole,
}
export const EventItem = Type.Object(eventItem)
export type EventItem = Static<typeof EventItem>

export const EventList = Type.Object({ events: Type.Array(EventItem), cursor: TextOrNull })
export type EventList = Static<typeof EventList>

/** A notification of an event of a series. */
export const SeriesNotification = Type.Object({
  uuid: Uuid,
  state: NotificationReport.properties.state,
  subscriptionUuid: Uuid,
  targetId: Uuid,
})

export const SeriesEvent = Type.Object({ ...eventItem, notifications: Type.Array(SeriesNotification) })
export type SeriesEvent = Static<typeof SeriesEvent>

export const SeriesReport = Type.Object({
  events: Type.Array(SeriesEvent),
  heldUpBy: Type.Array(NotificationReport),
  cursor: TextOrNull,
})
export type SeriesReport = Static<typeof SeriesReport>

export const NotificationList = Type.Object({ notifications: Type.Array(NotificationReport), cursor: TextOrNull })
export type NotificationList = Static<typeof NotificationList>

/** A delivery target of a subscription, and what waits in its lanes that have a row. */
export const TargetReport = Type.Object({
  target: TargetName,
  subscription: SubscriptionName,
  coldLanes: Whole,
  waiting: Whole,
  oldest: TextOrNull,
  attempts: Whole,
  lastFailure: TextOrNull,
  lastFailed: TextOrNull,
  nextTry: TextOrNull,
})
export type TargetReport = Static<typeof TargetReport>

export const TargetList = Type.Object({ targets: Type.Array(TargetReport), cursor: TextOrNull })
export type TargetList = Static<typeof TargetList>

export const PartitionStatus = Type.Object({
  partition: Whole,
  dispatcher: TextOrNull,
  isOwned: Type.Boolean(),
  behind: Whole,
  oldest: TextOrNull,
})

export const TenantStatus = Type.Object({ tenant: Text, coldLanes: Whole, waiting: Whole, oldest: TextOrNull })

export const TargetStatus = Type.Object({
  tenant: Text,
  target: TargetName,
  coldLanes: Whole,
  waiting: Whole,
  oldest: TextOrNull,
  lastFailure: TextOrNull,
  nextTry: TextOrNull,
})

export const StatusReport = Type.Object({
  asOf: Text,
  partitions: Type.Array(PartitionStatus),
  tenants: Type.Array(TenantStatus),
  targets: Type.Array(TargetStatus),
  isComplete: Type.Boolean(),
})
export type StatusReport = Static<typeof StatusReport>
