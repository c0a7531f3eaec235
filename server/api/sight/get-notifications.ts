import { listNotifications } from '../../sight/notification-list.ts'
import type { GuardedOperation } from '../operation.ts'
import { commonFilter, PAGE, REASON, STATE } from './notification-parameters.ts'
import { ALL_OWNERS, of, OF_TENANT, OWNER, VISIBLE } from './sight-parameters.ts'
import { NOTIFICATION_EXAMPLE } from './sight-examples.ts'
import { createSightQuery } from './sight-query.ts'

/** Protocol 12.5. */
export const getNotifications: GuardedOperation = {
  id: 'getNotifications',
  tag: 'Sight',
  method: 'GET',
  path: '/notifications',
  who: 'caller',
  summary: 'List notifications',
  description:
    'Notifications with what became of them. All conditions must hold. Those of a whole tenant come by their events, ' +
    'the newest first, but for `state=waiting`, which begins with what has failed, by owner and subscription. ' +
    'Those of an owner, a subscription or a target come newest first, up to 10,000; more than that come by ' +
    `subscription, target and series. ${VISIBLE}`,
  parameters: [
    STATE,
    REASON,
    of('event', 'The uuid of the event.'),
    of('subscription', 'The uuid of the subscription.'),
    of('target', 'The `id` of the target.'),
    of('source', 'The source of the series; together with `subject` and `seriesId`.'),
    of('subject', 'The subject of the series.'),
    of('seriesId', 'The series.'),
    ...PAGE,
    OWNER,
    ALL_OWNERS,
    OF_TENANT,
  ],
  success: {
    status: 200,
    model: 'RespNotificationList',
    description: 'The page, which may be empty.',
    example: { code: 'TAPIS_FOUND', result: { notifications: [NOTIFICATION_EXAMPLE], cursor: null } },
  },
  async handle({ sight: { looks, access } }, context) {
    const scope = await access.scopeOf(context)
    const query = createSightQuery(context.query)
    const filter = {
      ...commonFilter(query),
      eventUuid: query.uuid('event'),
      subscriptionUuid: query.uuid('subscription'),
      targetId: query.uuid('target'),
      series: query.series(),
    }
    const limit = query.limit()
    query.cursor()
    if (filter.series === undefined && query.text('subject') !== undefined)
      query.violate('source, subject and seriesId name a series together')
    query.rejectIfWrong()
    const { page, cursor } = await looks.page(context, { list: 'getNotifications', scope, filter }, (db, after) =>
      listNotifications(db, scope, { filter, after, limit }),
    )
    return {
      message: `TAPIS_FOUND Notifications found: ${page.rows.length}`,
      result: { notifications: page.rows, cursor },
    }
  },
}
