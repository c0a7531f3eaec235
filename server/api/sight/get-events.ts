import { listEvents } from '../../sight/event-list.ts'
import { inQuery } from '../openapi/openapi-parameters.ts'
import type { GuardedOperation } from '../operation.ts'
import { ALL_OWNERS, CURSOR, FROM, LIMIT, of, OF_TENANT, OWNER, TO, VISIBLE } from './sight-parameters.ts'
import { EVENT_EXAMPLE, EVENT_ITEM_EXAMPLE } from './sight-examples.ts'
import { createSightQuery } from './sight-query.ts'

/** Protocol 12.3. */
export const getEvents: GuardedOperation = {
  id: 'getEvents',
  tag: 'Sight',
  method: 'GET',
  path: '/events',
  who: 'caller',
  summary: 'List events',
  description:
    'Events, newest first, with how many of their notifications are in which state. All conditions must hold. ' +
    `${VISIBLE} Users see events that matched their own subscriptions; who has more than 10,000 notifications must ` +
    'name a series (`source`, `subject` and `seriesId`).',
  parameters: [
    of('subject', 'The subject, exactly; at most 150 characters.'),
    of('type', 'The type; sections may be `*`.'),
    of('seriesId', 'The series; together with `source` and `subject`.'),
    of('source', 'The source of the series.'),
    inQuery(
      'data',
      { type: 'boolean', default: false },
      'Whether to show the events whole, in `event`. A page then ends at about 4 MiB of them.',
    ),
    FROM,
    TO,
    LIMIT,
    CURSOR,
    OWNER,
    ALL_OWNERS,
    OF_TENANT,
  ],
  success: {
    status: 200,
    model: 'RespEventList',
    description: 'The page, which may be empty.',
    example: {
      code: 'TAPIS_FOUND',
      result: {
        events: [{ ...EVENT_ITEM_EXAMPLE, event: EVENT_EXAMPLE }],
        cursor: null,
      },
    },
  },
  async handle({ sight: { looks, access } }, context) {
    const scope = await access.scopeOf(context)
    const query = createSightQuery(context.query)
    const filter = {
      subject: query.text('subject'),
      series: query.series(),
      type: query.type('type'),
      from: query.instant('from'),
      to: query.instant('to'),
    }
    const limit = query.limit()
    const withBodies = context.query.flag('data')
    query.cursor()
    query.rejectIfWrong()
    const asked = { list: 'getEvents', scope, filter }
    const { page, cursor } = await looks.page(context, asked, (db, after) =>
      listEvents(db, scope, { filter, after, isNewestFirst: true, limit, withBodies }),
    )
    return { message: `TAPIS_FOUND Events found: ${page.rows.length}`, result: { events: page.rows, cursor } }
  },
}
