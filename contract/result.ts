import { Type, type Static } from 'typebox'

/** The address of what was made or changed. */
export const ResourceUrl = Type.Object({ url: Type.String() })

/** How much was changed or removed; 0 when there was nothing to do. */
export const ChangeCount = Type.Object({ changes: Type.Integer() })

/** What became of one event of a batch. `code` and `message` are null when it is stored. */
export const EventBatchItemResult = Type.Object({
  uuid: Type.String(),
  status: Type.String({ pattern: '^(stored|not_stored|unknown)$' }),
  code: Type.Union([Type.String(), Type.Null()]),
  message: Type.Union([Type.String(), Type.Null()]),
})
export type EventBatchItemResult = Static<typeof EventBatchItemResult>

/** What became of a batch: its events in their order. */
export const EventBatchResult = Type.Object({
  failedCount: Type.Integer(),
  events: Type.Array(EventBatchItemResult),
})
export type EventBatchResult = Static<typeof EventBatchResult>

export const BooleanResult = Type.Object({ aBool: Type.Boolean() })
