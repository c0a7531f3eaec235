import { reportEvent } from '../../sight/event-report.ts'
import { AppError } from '../errors.ts'
import { pathParameter } from '../http/path-parameter.ts'
import { inQuery } from '../openapi/openapi-parameters.ts'
import type { GuardedOperation } from '../operation.ts'
import { EVENT_UUID, OF_TENANT, OWNER, UUID_FORM, VISIBLE } from './sight-parameters.ts'
import { EVENT_REPORT_EXAMPLE } from './sight-examples.ts'

/** Protocol 12.2. */
export const getEvent: GuardedOperation = {
  id: 'getEvent',
  tag: 'Sight',
  method: 'GET',
  path: '/events/:uuid',
  forms: { uuid: UUID_FORM },
  who: 'caller',
  summary: 'Where is my event, and why did nothing come?',
  description:
    'An event, what became of each of its notifications, and the subscriptions that it did not match, each with the ' +
    `reason. ${VISIBLE} A user sees an event that matched one of the own subscriptions. An event that is still in ` +
    'RabbitMQ, or older than what is kept, is not found.',
  parameters: [
    EVENT_UUID,
    inQuery(
      'subscription',
      { type: 'string' },
      'The name of a subscription that it did not match, to be told why. Its owner is `ownedBy`, or the user that ' +
        'the request is made for. Without it, subscriptions that nearly matched come first.',
    ),
    OWNER,
    OF_TENANT,
  ],
  success: {
    status: 200,
    model: 'RespEventReport',
    description: 'What is known about the event.',
    example: { code: 'TAPIS_FOUND', result: EVENT_REPORT_EXAMPLE },
  },
  rejections: {
    404: { code: 'NTFAPI_EVENT_NOT_FOUND', description: 'There is no such event, or the caller may not know of it.' },
  },
  async handle({ sight: { looks, access } }, context) {
    const uuid = pathParameter(context, 'uuid').toLowerCase()
    const name = context.query.text('subscription')
    // Whoever names another owner must be allowed to, whether there is such an event or not.
    const scope = await access.scopeOf(context)
    const ownerOfName = scope.owner ?? context.caller.oboUser
    const report = await looks.run(context.caller, (db) =>
      access.findIn(context, (visible) => reportEvent(db, visible, { uuid, name, ownerOfName })),
    )
    if (report === undefined) throw new AppError('NTFAPI_EVENT_NOT_FOUND', { details: { Uuid: uuid } })
    return { message: `TAPIS_FOUND Event found: ${uuid}`, result: report }
  },
}
