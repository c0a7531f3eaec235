import type { Subscription } from '@tidings/contract/subscription.ts'
import { findByName } from '../../subscriptions/subscription-store.ts'
import type { RequestContext } from '../http/route.ts'
import { NAME, OWNED_BY, SELECT_ALL } from '../openapi/openapi-parameters.ts'
import type { ApiParts, GuardedOperation } from '../operation.ts'
import { ABSENT, foundResponse, notFound, OWN } from './subscription-responses.ts'

/** Protocol 3.4. */
export const getSubscriptionByName: GuardedOperation = {
  id: 'getSubscriptionByName',
  tag: 'Subscriptions',
  method: 'GET',
  path: '/subscriptions/byName/:name',
  who: 'caller',
  summary: 'Read a subscription by name',
  description: OWN,
  parameters: [NAME, SELECT_ALL, OWNED_BY],
  success: { status: 200, model: 'RespSubscription', description: 'The subscription.' },
  rejections: { 404: ABSENT },
  async handle(parts, context) {
    const subscription = await readByName(parts, context)
    return foundResponse(context, subscription.name, subscription)
  },
}

/** Returns the subscription that the path names. Throws NTFAPI_NOT_FOUND when there is none. */
export async function readByName(
  { db, access }: Pick<ApiParts, 'db' | 'access'>,
  context: RequestContext,
): Promise<Subscription> {
  const key = await access.keyFor(context)
  const subscription = await findByName(db, key)
  if (!subscription) throw notFound(key)
  return subscription
}
