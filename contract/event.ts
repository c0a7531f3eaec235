import { Type, type Static } from 'typebox'

/** Event types: service.category.detail (Tapis Notifications 1.6.2, publishEvent). */
const EVENT_TYPE_PATTERN = '^[a-z]+\\.[a-zA-Z]([a-zA-Z0-9]|[-_~])*\\.[a-zA-Z]([a-zA-Z0-9]|[-_~])*$'

const NOT_BLANK = '\\S'

/** What a publisher sends. Members that the service maintains are allowed and ignored; so are unknown ones. */
export const EventInput = Type.Object({
  source: Type.String({ minLength: 1, pattern: NOT_BLANK }),
  type: Type.String({ minLength: 5, maxLength: 128, pattern: EVENT_TYPE_PATTERN }),
  timestamp: Type.String({ pattern: NOT_BLANK }),
  subject: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  data: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  seriesId: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  deleteSubscriptionsMatchingSubject: Type.Optional(Type.Boolean()),
  endSeries: Type.Optional(Type.Boolean()),
  tenant: Type.Optional(Type.String()),
  user: Type.Optional(Type.String()),
  received: Type.Optional(Type.String()),
  uuid: Type.Optional(Type.String()),
  seriesSeqCount: Type.Optional(Type.Integer()),
})
export type EventInput = Static<typeof EventInput>

/** The most events of one batch. */
export const MAX_BATCH_EVENTS = 1000

/** One publish among others: what would be the body of a request of its own, and its Idempotency-Key. */
export const EventBatchItem = Type.Object(
  {
    event: EventInput,
    idempotencyKey: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 255, pattern: '^[ -~]*$' }), Type.Null()]),
    ),
  },
  { additionalProperties: false },
)
export type EventBatchItem = Static<typeof EventBatchItem>

/** Events that are published together. */
export const EventBatch = Type.Object(
  { events: Type.Array(EventBatchItem, { minItems: 1, maxItems: MAX_BATCH_EVENTS }) },
  { additionalProperties: false },
)
export type EventBatch = Static<typeof EventBatch>

/** What ends a series (Tapis Notifications 1.6.2, endEventSeries). */
export const EventSeries = Type.Object({
  source: Type.String({ minLength: 1, pattern: NOT_BLANK }),
  subject: Type.String({ minLength: 1, pattern: NOT_BLANK }),
  seriesId: Type.String({ minLength: 1, pattern: NOT_BLANK }),
})
export type EventSeries = Static<typeof EventSeries>
