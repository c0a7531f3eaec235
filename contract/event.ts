import { Type, type Static } from 'typebox'

/** Event types: service.category.detail (Tapis Notifications 1.6.2, publishEvent). */
const EVENT_TYPE_PATTERN = '^[a-z]+\\.[a-zA-Z]([a-zA-Z0-9]|[-_~])*\\.[a-zA-Z]([a-zA-Z0-9]|[-_~])*$'

const NOT_BLANK = '\\S'

/** What a publisher sends. Members that the service maintains may be there and are ignored; so are unknown ones. */
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

/** What ends a series (Tapis Notifications 1.6.2, endEventSeries). */
export const EventSeries = Type.Object({
  source: Type.String({ minLength: 1, pattern: NOT_BLANK }),
  subject: Type.String({ minLength: 1, pattern: NOT_BLANK }),
  seriesId: Type.String({ minLength: 1, pattern: NOT_BLANK }),
})
export type EventSeries = Static<typeof EventSeries>
