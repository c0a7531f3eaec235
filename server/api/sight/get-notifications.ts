import { listNotifications } from '../../sight/notification-list.ts'
import type { GuardedOperation } from '../operation.ts'
import { commonFilter, PAGE, pageOf, REASON, STATE } from './notification-parameters.ts'
import { ALL_OWNERS, of, OF_TENANT, OWNER, VISIBLE } from './sight-parameters.ts'
import { NOTIFICATION_EXAMPLE } from './sight-examples.ts'
import { createSightQuery, type SightQuery } from './sight-query.ts'

/** Protocol 12.5. */
export const getNotifications: GuardedOperation = {
  id: 'getNotifications',
  tag: 'Sight',
  method: 'GET',
  path: '/notifications',
  who: 'caller',
  summary: 'List notifications',
  description: `Notifications with what became of them. All conditions must hold. ${VISIBLE}`,
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
  async handle({ sight: { db, access } }, context) {
    const scope = await access.scopeOf(context)
    const query = createSightQuery(context.query)
    const filter = {
      ...commonFilter(query),
      eventUuid: query.uuid('event'),
      subscriptionUuid: query.uuid('subscription'),
      targetId: query.uuid('target'),
      series: seriesOf(query),
    }
    const page = pageOf(query)
    query.rejectIfWrong()
    const list = await listNotifications(db, scope, { filter, ...page })
    return { message: `TAPIS_FOUND Notifications found: ${list.notifications.length}`, result: list }
  },
}

function seriesOf(query: SightQuery) {
  const [source, subject, seriesId] = [query.text('source'), query.text('subject'), query.text('seriesId')]
  if (source !== undefined && subject !== undefined && seriesId !== undefined) return { source, subject, seriesId }
  if (source !== undefined || subject !== undefined || seriesId !== undefined)
    query.violate('source, subject and seriesId name a series together')
  return undefined
}
