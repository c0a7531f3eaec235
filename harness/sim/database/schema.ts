import { defineTable } from './tables.ts'

/*
 * The tables that the simulated statements touch, with the columns that decide something. Times are ms since 1970.
 */

export interface PartitionRow {
  readonly id: number
  readonly owner: string | null
  readonly epoch: number
  readonly format: number
}

export interface DispatcherRow {
  readonly id: string
  readonly leaseUntil: number
  readonly format: number
  readonly leaving: boolean
}

export interface CursorRow {
  readonly partition: number
  readonly position: number
  /** Whatever of the partition is unsettled at or below it has a row in `lane`. */
  readonly settledBelow: number
}

/** An event that has got its notifications. */
export interface DispatchedRow {
  readonly partition: number
  readonly position: number
  readonly number: number
}

export interface EventRow {
  readonly partition: number
  readonly position: number
  readonly uuid: string
  readonly kind: string
  readonly format: number
  readonly tenant: string
  readonly seriesKey: string | null
  readonly type: readonly [string | null, string | null, string | null]
  readonly subject: string | null
  readonly endsSeries: boolean
  readonly deletesSubscriptions: boolean
  readonly received: number
  readonly body: string
  readonly seqOffset: number
  readonly bodyBytes: number
  readonly contentHash: string | null
}

/** The unique index of `event.uuid`. */
export interface EventUuidRow {
  readonly uuid: string
  readonly partition: number
  readonly position: number
}

export interface SeriesRow {
  readonly key: string
  readonly number: number
}

export interface SubscriptionRow {
  readonly id: number
  readonly tenant: string
  readonly owner: string
  readonly name: string
  readonly enabled: boolean
  readonly type: readonly [string, string, string]
  readonly subjectFilter: string
  readonly expiry: number | null
  readonly ended: number | null
  readonly endReason: 'deleted' | 'expired' | 'subject' | null
  /** The transaction that deleted it: the trigger `subscription_deletion` sets it. */
  readonly endedXid: number | null
}

export interface TargetRow {
  readonly id: number
  readonly subscriptionId: number
  readonly method: string
  readonly address: string
  readonly addressKey: string
  readonly ended: number | null
}

export interface NotificationRow {
  readonly targetId: number
  readonly laneSeries: string
  readonly position: number
  readonly partition: number
  readonly uuid: string
  readonly number: number
  readonly created: number
  readonly state: 'waiting' | 'delivered' | 'given_up' | 'cancelled'
  readonly attempts: number
  readonly settled: number | null
}

/** A cold lane. */
export interface LaneRow {
  readonly targetId: number
  readonly laneSeries: string
  readonly partition: number
  readonly method: string
  readonly addressKey: string
  /** Nothing before it is unsettled. */
  readonly head: number
  readonly waiting: number
  readonly format: number
  readonly attempts: number
  readonly due: number
  /** From then on it may be woken; null or unset: never. */
  readonly wakesAfter?: number | null
}

/** An event whose notifications are inserted in slices. */
export interface FanOutRow {
  readonly partition: number
  readonly position: number
  readonly laneSeries: string
  readonly number: number
  readonly targetIds: readonly number[]
  readonly done: number
}

export interface RemovalRow {
  readonly position: number
  readonly partition: number
  readonly unsettled: number
}

export interface RemovalMemberRow {
  readonly position: number
  readonly subscriptionId: number
}

export interface DeadLetterRow {
  readonly partition: number
  readonly position: number
  readonly uuid: string
  readonly reason: string
}

export const laneKey = (targetId: number, laneSeries: string) => `${targetId} ${laneSeries}`
export const placeKey = (partition: number, position: number) => `${partition}/${position}`
export const notificationKey = (targetId: number, laneSeries: string, position: number) =>
  `${targetId} ${laneSeries} ${position}`

export const PARTITIONS = defineTable<PartitionRow>('partition', ({ id }) => String(id))
export const DISPATCHERS = defineTable<DispatcherRow>('dispatcher', ({ id }) => id)
export const CURSORS = defineTable<CursorRow>('partition_cursor', ({ partition }) => String(partition))
export const DISPATCHED = defineTable<DispatchedRow>('dispatched', ({ partition, position }) =>
  placeKey(partition, position),
)
export const EVENTS = defineTable<EventRow>(
  'event',
  ({ partition, position }) => placeKey(partition, position),
  ({ partition }) => String(partition),
)
export const EVENT_UUIDS = defineTable<EventUuidRow>('event_uuid', ({ uuid }) => uuid)
export const SERIES = defineTable<SeriesRow>('series', ({ key }) => key)
export const SUBSCRIPTIONS = defineTable<SubscriptionRow>('subscription', ({ id }) => String(id))
export const TARGETS = defineTable<TargetRow>(
  'delivery_target',
  ({ id }) => String(id),
  ({ subscriptionId }) => String(subscriptionId),
)
/** In the group of their lane. */
export const NOTIFICATIONS = defineTable<NotificationRow>(
  'notification',
  ({ targetId, laneSeries, position }) => notificationKey(targetId, laneSeries, position),
  ({ targetId, laneSeries }) => laneKey(targetId, laneSeries),
)
export const LANES = defineTable<LaneRow>(
  'lane',
  ({ targetId, laneSeries }) => laneKey(targetId, laneSeries),
  ({ partition }) => String(partition),
)
export const FAN_OUTS = defineTable<FanOutRow>(
  'fan_out',
  ({ partition, position }) => placeKey(partition, position),
  ({ partition }) => String(partition),
)
export const REMOVALS = defineTable<RemovalRow>('subject_removal', ({ position }) => String(position))
export const REMOVAL_MEMBERS = defineTable<RemovalMemberRow>(
  'subject_removal_member',
  ({ position, subscriptionId }) => `${position} ${subscriptionId}`,
)
export const DEAD_LETTERS = defineTable<DeadLetterRow>('dead_letter', ({ partition, position }) =>
  placeKey(partition, position),
)
