import { sanitize } from '../../runtime/display-text.ts'
import { findNamedSubscription } from '../../sight/named-subscription.ts'
import { listNotifications } from '../../sight/notification-list.ts'
import { AppError } from '../errors.ts'
import { pathParameter } from '../http/path-parameter.ts'
import { NAME } from '../openapi/openapi-parameters.ts'
import type { GuardedOperation } from '../operation.ts'
import { ABSENT } from '../subscriptions/subscription-responses.ts'
import { delayedAbsence } from './delayed-absence.ts'
import { commonFilter, PAGE, pageOf, REASON, STATE } from './notification-parameters.ts'
import { OF_TENANT, OWNER, VISIBLE } from './sight-parameters.ts'
import { NOTIFICATION_EXAMPLE } from './sight-examples.ts'
import { createSightQuery } from './sight-query.ts'

/** Protocol 12.5. */
export const getDeliveries: GuardedOperation = {
  id: 'getDeliveries',
  tag: 'Sight',
  method: 'GET',
  path: '/subscriptions/byName/:name/deliveries',
  who: 'caller',
  summary: 'List the notifications of a subscription',
  description:
    'What became of everything that a subscription matched, newest first. Of a name that was used again it is the ' +
    `newest subscription, be it deleted or not. ${VISIBLE}`,
  parameters: [NAME, STATE, REASON, ...PAGE, OWNER, OF_TENANT],
  success: {
    status: 200,
    model: 'RespNotificationList',
    description: 'The page, which may be empty.',
    example: { code: 'TAPIS_FOUND', result: { notifications: [NOTIFICATION_EXAMPLE], cursor: null } },
  },
  rejections: { 404: ABSENT },
  async handle({ sight: { db, access } }, context) {
    const scope = await access.scopeOf(context)
    const query = createSightQuery(context.query)
    const [common, page] = [commonFilter(query), pageOf(query)]
    query.rejectIfWrong()
    const key = {
      tenant: scope.tenant,
      owner: scope.owner ?? context.caller.oboUser,
      name: pathParameter(context, 'name'),
    }
    const subscriptionUuid = await delayedAbsence(() => findNamedSubscription(db, key))
    if (subscriptionUuid === undefined)
      throw new AppError('NTFAPI_NOT_FOUND', {
        details: { Owner: sanitize(key.owner), Subscription: sanitize(key.name) },
      })
    const list = await listNotifications(
      db,
      { ...scope, owner: key.owner },
      {
        filter: { ...common, eventUuid: undefined, subscriptionUuid, targetId: undefined, series: undefined },
        ...page,
      },
    )
    return { message: `TAPIS_FOUND Notifications found: ${list.notifications.length}`, result: list }
  },
}
