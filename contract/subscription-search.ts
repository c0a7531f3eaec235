import { Type, type Static } from 'typebox'

/**
 * SQL-like conditions in any number of pieces, which are joined by blanks (Tapis Notifications 1.6.2,
 * searchSubscriptionsRequestBody).
 */
export const SubscriptionSearch = Type.Object(
  {
    search: Type.Array(Type.String(), { minItems: 1 }),
  },
  { additionalProperties: false },
)
export type SubscriptionSearch = Static<typeof SubscriptionSearch>
