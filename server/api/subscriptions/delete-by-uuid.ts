import { endByUuid } from '../../subscriptions/enable-and-end.ts'
import { UUID } from '../openapi/openapi-parameters.ts'
import type { GuardedOperation } from '../operation.ts'
import { changedResponse, OWN, uuidOf } from './subscription-responses.ts'

/** Protocol 3.6. */
export const deleteSubscriptionByUuid: GuardedOperation = {
  id: 'deleteSubscriptionByUuid',
  tag: 'Subscriptions',
  method: 'DELETE',
  path: '/subscriptions/byUuid/:uuid',
  who: 'caller',
  summary: 'Delete a subscription by uuid',
  description: `The same as \`deleteSubscriptionByName\`. ${OWN}`,
  parameters: [UUID],
  success: { status: 200, model: 'RespChangeCount', description: 'The subscription does not exist any more.' },
  async handle({ db, access }, context) {
    const uuid = uuidOf(context)
    const tenant = context.caller.oboTenant
    const changes = await access.findAccessible(
      context.caller,
      async (owner) => (await endByUuid(db, { tenant, uuid, owner })) || undefined,
    )
    return changedResponse('NTFAPI_SUBSCR_DELETED', 'Subscription deleted', context, { Uuid: uuid }, changes ?? 0)
  },
}
