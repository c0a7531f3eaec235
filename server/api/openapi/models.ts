import { envelopeOf, ListMetadata } from '@tidings/contract/envelope.ts'
import { EventInput, EventSeries } from '@tidings/contract/event.ts'
import { Notification } from '@tidings/contract/notification.ts'
import { BooleanResult, ChangeCount, ResourceUrl } from '@tidings/contract/result.ts'
import { SubscriptionSearch } from '@tidings/contract/search.ts'
import { NewDeliveryTarget, NewSubscription, ShownSubscription, SubscriptionPatch } from '@tidings/contract/subscription.ts'
import { TestSequence } from '@tidings/contract/test-sequence.ts'
import { Type, type TSchema } from 'typebox'
import { openApiSchema, withReferences, type OpenApiSchema } from './schema.ts'
import { MEMBER_TEXTS, MODEL_TEXTS } from './words.ts'

/** Any object, or null. Without a type, generators make one up that they do not generate. */
const OPEN_RESULT = Type.Union([Type.Unsafe({ type: 'object' }), Type.Null()])

/**
 * The names that generated clients know (Tapis Notifications 1.6.2), and the schemas that requests are validated with.
 * RespBasic leaves its result open, as the original does: it is the answer of several operations. healthCheck and
 * readyCheck answer with a text in it, also as the original does; a model of their own would change what generated methods return.
 */
const MODELS = {
  TapisSubscription: ShownSubscription,
  DeliveryTarget: NewDeliveryTarget,
  DeliveryMethod: NewDeliveryTarget.properties.deliveryMethod,
  Event: EventInput,
  EventSeries,
  Notification,
  TestSequence,
  ReqPostSubscription: NewSubscription,
  ReqPatchSubscription: SubscriptionPatch,
  ReqSearchSubscriptions: SubscriptionSearch,
  RespBasic: envelopeOf(OPEN_RESULT),
  RespBoolean: envelopeOf(BooleanResult),
  ResultBoolean: BooleanResult,
  RespChangeCount: envelopeOf(ChangeCount),
  ResultChangeCount: ChangeCount,
  RespResourceUrl: envelopeOf(ResourceUrl),
  ResultResourceUrl: ResourceUrl,
  RespSubscription: envelopeOf(ShownSubscription),
  RespSubscriptions: envelopeOf(Type.Array(ShownSubscription), ListMetadata),
  RespSubscriptionsMetadata: ListMetadata,
  RespTestSequence: envelopeOf(TestSequence),
} satisfies Record<string, TSchema>

export type ModelName = keyof typeof MODELS

/** The models as OpenAPI has them, with what there is to say about each and about each of its members. */
export function componentSchemas(): Readonly<Record<string, OpenApiSchema>> {
  const plain = Object.fromEntries(Object.entries(MODELS).map(([name, schema]) => [name, openApiSchema(schema)]))
  return Object.fromEntries(Object.entries(withReferences(plain)).map(([name, schema]) => [name, described(name, schema)]))
}

function described(model: string, schema: OpenApiSchema): OpenApiSchema {
  const whole = withText(schema, textOf(MODEL_TEXTS, model))
  if (schema.properties === undefined) return whole
  const memberText = (member: string) => textOf(MEMBER_TEXTS, `${model}.${member}`) ?? textOf(MEMBER_TEXTS, member)
  return { ...whole, properties: Object.fromEntries(Object.entries(schema.properties).map(([member, part]) => [member, withText(part, memberText(member))])) }
}

/** A reference stays alone: in 3.0.3 everything beside it is ignored. */
const withText = (schema: OpenApiSchema, description: string | undefined): OpenApiSchema =>
  (schema.$ref !== undefined || description === undefined ? schema : { ...schema, description })

const textOf = (texts: Readonly<Record<string, string>>, name: string): string | undefined => texts[name]
