import { AppError } from '../errors.ts'
import { findByUuid } from '../../subscriptions/subscription-store.ts'
import { SELECT_ALL, UUID } from '../openapi/openapi-parameters.ts'
import type { GuardedOperation } from '../operation.ts'
import { ABSENT, foundResponse, OWN, uuidOf } from './subscription-responses.ts'

/** Protocol 3.4. */
export const getSubscriptionByUuid: GuardedOperation = {
  id: 'getSubscriptionByUuid',
  tag: 'Subscriptions',
  method: 'GET',
  path: '/subscriptions/byUuid/:uuid',
  who: 'caller',
  summary: 'Read a subscription by uuid',
  description: OWN,
  parameters: [UUID, SELECT_ALL],
  success: { status: 200, model: 'RespSubscription', description: 'The subscription.' },
  rejections: { 404: ABSENT },
  async handle({ db, access }, context) {
    const uuid = uuidOf(context)
    const subscription = await access.findAccessible(context.caller, (owner) =>
      findByUuid(db, { tenant: context.caller.oboTenant, uuid, owner }),
    )
    if (!subscription) throw new AppError('NTFAPI_NOT_FOUND_BY_UUID', { details: { Uuid: uuid } })
    return foundResponse(context, uuid, subscription)
  },
}
