import { sanitize } from '../../runtime/display-text.ts'
import { findNamedSubscription } from '../../sight/named-subscription.ts'
import { listNotifications } from '../../sight/notification-list.ts'
import { AppError } from '../errors.ts'
import { pathParameter } from '../http/path-parameter.ts'
import { NAME } from '../openapi/openapi-parameters.ts'
import type { GuardedOperation } from '../operation.ts'
import { ABSENT } from '../subscriptions/subscription-responses.ts'
import { commonFilter, PAGE, REASON, STATE } from './notification-parameters.ts'
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
    'What became of everything that a subscription matched, newest first, up to 10,000; more than that come by ' +
    'target and series. Of a name that was used again it is the ' +
    `newest subscription, be it deleted or not. ${VISIBLE}`,
  parameters: [NAME, STATE, REASON, ...PAGE, OWNER, OF_TENANT],
  success: {
    status: 200,
    model: 'RespNotificationList',
    description: 'The page, which may be empty.',
    example: { code: 'TAPIS_FOUND', result: { notifications: [NOTIFICATION_EXAMPLE], cursor: null } },
  },
  rejections: { 404: ABSENT },
  async handle({ sight: { looks, access } }, context) {
    const scope = await access.scopeOf(context)
    const query = createSightQuery(context.query)
    const [common, limit] = [commonFilter(query), query.limit()]
    query.cursor()
    query.rejectIfWrong()
    const key = {
      tenant: scope.tenant,
      owner: scope.owner ?? context.caller.oboUser,
      name: pathParameter(context, 'name'),
    }
    const subscriptionUuid = await looks.run(context.caller, (db) => findNamedSubscription(db, key))
    if (subscriptionUuid === undefined)
      throw new AppError('NTFAPI_NOT_FOUND', {
        details: { Owner: sanitize(key.owner), Subscription: sanitize(key.name) },
      })
    const scopeOfOwner = { ...scope, owner: key.owner }
    const filter = { ...common, eventUuid: undefined, subscriptionUuid, targetId: undefined, series: undefined }
    const asked = { list: 'getDeliveries', scope: scopeOfOwner, filter }
    const { page, cursor } = await looks.page(context, asked, (db, after) =>
      listNotifications(db, scopeOfOwner, { filter, after, limit }),
    )
    return {
      message: `TAPIS_FOUND Notifications found: ${page.rows.length}`,
      result: { notifications: page.rows, cursor },
    }
  },
}
