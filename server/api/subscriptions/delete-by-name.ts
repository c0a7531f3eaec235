import { endByName } from '../../subscriptions/enable-and-end.ts'
import { NAME, OWNED_BY } from '../openapi/openapi-parameters.ts'
import type { GuardedOperation } from '../operation.ts'
import { changedResponse, OWN } from './subscription-responses.ts'

/** Protocol 3.6. */
export const deleteSubscriptionByName: GuardedOperation = {
  id: 'deleteSubscriptionByName',
  tag: 'Subscriptions',
  method: 'DELETE',
  path: '/subscriptions/byName/:name',
  who: 'caller',
  summary: 'Delete a subscription by name',
  description:
    'Its pending notifications are cancelled. If there is no such subscription, nothing changes; this is not an ' +
    `error. ${OWN}`,
  parameters: [NAME, OWNED_BY],
  success: { status: 200, model: 'RespChangeCount', description: 'The subscription does not exist any more.' },
  async handle({ db, access }, context) {
    const key = await access.keyFor(context)
    const details = { Owner: key.owner, Subscription: key.name }
    const changes = await endByName(db, key)
    return changedResponse('NTFAPI_SUBSCR_DELETED', 'Subscription deleted', context, details, changes)
  },
}
