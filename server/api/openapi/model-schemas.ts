import { envelopeSchema, ListMetadata } from '@tidings/contract/envelope.ts'
import { EventBatch, EventBatchItem, EventInput, EventSeries } from '@tidings/contract/event.ts'
import { Notification } from '@tidings/contract/notification.ts'
import {
  BooleanResult,
  ChangeCount,
  EventBatchItemResult,
  EventBatchResult,
  ResourceUrl,
} from '@tidings/contract/result.ts'
import { SubscriptionSearch } from '@tidings/contract/subscription-search.ts'
import {
  NewDeliveryTarget,
  NewSubscription,
  SubscriptionResponse,
  SubscriptionPatch,
} from '@tidings/contract/subscription.ts'
import { TestSequence } from '@tidings/contract/test-sequence.ts'
import { Type, type TSchema } from 'typebox'

/** Any object, or null. Without a type, generators make one up that they do not generate. */
const OPEN_RESULT = Type.Union([Type.Unsafe({ type: 'object' }), Type.Null()])

/**
 * The names that generated clients know (Tapis Notifications 1.6.2; those with EventBatch are our own), and the schemas
 * that requests are validated with. RespBasic leaves its result open, as the original does: several operations respond
 * with it. healthCheck and readyCheck put a text into it, also as the original does; a model of their own would change
 * what generated methods return.
 */
export const MODEL_SCHEMAS = {
  TapisSubscription: SubscriptionResponse,
  DeliveryTarget: NewDeliveryTarget,
  DeliveryMethod: NewDeliveryTarget.properties.deliveryMethod,
  Event: EventInput,
  EventSeries,
  EventBatch,
  EventBatchItem,
  Notification,
  TestSequence,
  ReqPostSubscription: NewSubscription,
  ReqPatchSubscription: SubscriptionPatch,
  ReqSearchSubscriptions: SubscriptionSearch,
  RespBasic: envelopeSchema(OPEN_RESULT),
  RespBoolean: envelopeSchema(BooleanResult),
  ResultBoolean: BooleanResult,
  RespChangeCount: envelopeSchema(ChangeCount),
  ResultChangeCount: ChangeCount,
  RespEventBatch: envelopeSchema(EventBatchResult),
  ResultEventBatch: EventBatchResult,
  ResultEventBatchItem: EventBatchItemResult,
  RespResourceUrl: envelopeSchema(ResourceUrl),
  ResultResourceUrl: ResourceUrl,
  RespSubscription: envelopeSchema(SubscriptionResponse),
  RespSubscriptions: envelopeSchema(Type.Array(SubscriptionResponse), ListMetadata),
  RespSubscriptionsMetadata: ListMetadata,
  RespTestSequence: envelopeSchema(TestSequence),
} satisfies Record<string, TSchema>

export type ModelSchemas = typeof MODEL_SCHEMAS
export type ModelName = keyof ModelSchemas
