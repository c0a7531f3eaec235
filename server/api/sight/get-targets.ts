import { listTargets } from '../../sight/target-list.ts'
import { inQuery } from '../openapi/openapi-parameters.ts'
import type { GuardedOperation } from '../operation.ts'
import { ALL_OWNERS, CURSOR, LIMIT, OF_TENANT, OWNER, VISIBLE } from './sight-parameters.ts'
import { NOTIFICATION_EXAMPLE } from './sight-examples.ts'
import { createSightQuery } from './sight-query.ts'

/** Protocol 12.6. */
export const getTargets: GuardedOperation = {
  id: 'getTargets',
  tag: 'Sight',
  method: 'GET',
  path: '/targets',
  who: 'caller',
  summary: 'List delivery targets, and what waits for them',
  description:
    'The delivery targets of subscriptions, by owner and name of these, each with what waits in its series that ' +
    `have failed or been held up, the last failure and the next try. ` +
    `What goes through without a failure does not count. ${VISIBLE}`,
  parameters: [
    inQuery('failing', { type: 'boolean', default: false }, 'Only those where something failed or is held up.'),
    LIMIT,
    CURSOR,
    OWNER,
    ALL_OWNERS,
    OF_TENANT,
  ],
  success: {
    status: 200,
    model: 'RespTargetList',
    description: 'The page, which may be empty.',
    example: {
      code: 'TAPIS_FOUND',
      result: {
        targets: [
          {
            target: NOTIFICATION_EXAMPLE.target,
            subscription: NOTIFICATION_EXAMPLE.subscription,
            coldLanes: 1,
            waiting: 3,
            oldest: '2026-11-23T10:00:00.131Z',
            attempts: 1,
            lastFailure: 'http_500',
            lastFailed: '2026-11-23T10:00:00.140Z',
            nextTry: '2026-11-23T10:00:05.402Z',
          },
        ],
        cursor: null,
      },
    },
  },
  async handle({ sight: { looks, access } }, context) {
    const scope = await access.scopeOf(context)
    const query = createSightQuery(context.query)
    const limit = query.limit()
    const isFailing = context.query.flag('failing')
    query.cursor()
    query.rejectIfWrong()
    const asked = { list: 'getTargets', scope, filter: { isFailing } }
    const { page, cursor } = await looks.page(context, asked, (db, after) =>
      listTargets(db, scope, { isFailing, after, limit }),
    )
    return { message: `TAPIS_FOUND Targets found: ${page.rows.length}`, result: { targets: page.rows, cursor } }
  },
}
