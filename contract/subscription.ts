import { Type, type Static, type TSchema } from 'typebox'
import { UUID_PATTERN } from './uuid.ts'

/** Filters: service.category.detail, where the last two may be `*` (Tapis Notifications 1.6.2, typeFilter). */
const TYPE_FILTER_PATTERN = '^[a-z]+\\.([a-zA-Z][a-zA-Z0-9_~-]*|\\*)\\.([a-zA-Z][a-zA-Z0-9_~-]*|\\*)$'
/** With `@`: generated names contain user names, and in some tenants those look like mail addresses. */
const NAME_PATTERN = '^[a-zA-Z0-9][a-zA-Z0-9._~@-]*$'
const NOT_BLANK = '\\S'
const INT32_MAX = 2_147_483_647

export const DEFAULT_TTL_MINUTES = 10_080
/** As owner: the user that the request is made for. */
export const OWNER_IS_CALLER = '${apiUserId}'

/** Where notifications go. `domain` is accepted and dropped. */
export const NewDeliveryTarget = Type.Object(
  {
    deliveryMethod: Type.Enum(['WEBHOOK', 'EMAIL']),
    deliveryAddress: Type.String({ minLength: 3 }),
    domain: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  },
  { additionalProperties: false },
)
export type NewDeliveryTarget = Static<typeof NewDeliveryTarget>

const Description = Type.String({ maxLength: 2048 })
const TypeFilter = Type.String({ minLength: 5, maxLength: 128, pattern: TYPE_FILTER_PATTERN })
const SubjectFilter = Type.String({ minLength: 1, maxLength: 150, pattern: NOT_BLANK })
const DeliveryTargets = Type.Array(NewDeliveryTarget, { minItems: 1 })

/**
 * What creates a subscription (Tapis Notifications 1.6.2, postSubscription). Duplicate targets are checked elsewhere,
 * because the general check takes quadratic time on a hostile list.
 */
export const NewSubscription = Type.Object(
  {
    name: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 188, pattern: NAME_PATTERN }), Type.Null()]),
    ),
    description: Type.Optional(Type.Union([Description, Type.Null()])),
    owner: Type.Optional(Type.String({ minLength: 1, maxLength: 60 })),
    enabled: Type.Optional(Type.Boolean({ default: true })),
    typeFilter: TypeFilter,
    subjectFilter: SubjectFilter,
    deliveryTargets: DeliveryTargets,
    ttlMinutes: Type.Optional(
      Type.Integer({ minimum: -INT32_MAX - 1, maximum: INT32_MAX, default: DEFAULT_TTL_MINUTES }),
    ),
  },
  { additionalProperties: false },
)
export type NewSubscription = Static<typeof NewSubscription>

/**
 * What changes a subscription (Tapis Notifications 1.6.2, patchSubscriptionByName). What is left out stays as it is.
 */
export const SubscriptionPatch = Type.Object(
  {
    description: Type.Optional(Description),
    typeFilter: Type.Optional(TypeFilter),
    subjectFilter: Type.Optional(SubjectFilter),
    deliveryTargets: Type.Optional(DeliveryTargets),
  },
  { additionalProperties: false },
)
export type SubscriptionPatch = Static<typeof SubscriptionPatch>

export interface DeliveryTarget {
  readonly deliveryMethod: 'WEBHOOK' | 'EMAIL'
  readonly deliveryAddress: string
}

/** A subscription on the wire, with its members in their order. */
export interface Subscription {
  readonly tenant: string
  readonly name: string
  readonly description: string | null
  readonly owner: string
  readonly enabled: boolean
  readonly typeFilter: string
  readonly subjectFilter: string
  readonly deliveryTargets: readonly DeliveryTarget[]
  /** 0 or less: never expires. */
  readonly ttlMinutes: number
  readonly uuid: string
  readonly expiry: string | null
  readonly created: string
  readonly updated: string
}

/** The members of `Subscription`, in their order. */
export const SUBSCRIPTION_MEMBERS = [
  'tenant',
  'name',
  'description',
  'owner',
  'enabled',
  'typeFilter',
  'subjectFilter',
  'deliveryTargets',
  'ttlMinutes',
  'uuid',
  'expiry',
  'created',
  'updated',
] as const satisfies readonly (keyof Subscription)[]

/** A subscription in a response: callers may select its members, but the name is always there. */
export const SubscriptionResponse = Type.Object({
  tenant: Type.Optional(Type.String()),
  name: Type.String(),
  description: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  owner: Type.Optional(Type.String()),
  enabled: Type.Optional(Type.Boolean()),
  typeFilter: Type.Optional(Type.String()),
  subjectFilter: Type.Optional(Type.String()),
  deliveryTargets: Type.Optional(Type.Array(NewDeliveryTarget)),
  ttlMinutes: Type.Optional(Type.Integer()),
  /** A pattern, not a format: for a format some generators use a type of their language instead of a text. */
  uuid: Type.Optional(Type.String({ pattern: UUID_PATTERN })),
  expiry: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  created: Type.Optional(Type.String()),
  updated: Type.Optional(Type.String()),
} satisfies Record<keyof Subscription, TSchema>)
