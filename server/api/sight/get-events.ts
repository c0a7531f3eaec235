import { listEvents } from '../../sight/event-list.ts'
import type { GuardedOperation } from '../operation.ts'
import { ALL_OWNERS, CURSOR, FROM, LIMIT, of, OF_TENANT, OWNER, TO, VISIBLE } from './sight-parameters.ts'
import { EVENT_EXAMPLE } from './sight-examples.ts'
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
    `${VISIBLE} Users see events that matched their own subscriptions, and must name the subject.`,
  parameters: [
    of('subject', 'The subject, exactly; at most 150 characters.'),
    of('type', 'The type; sections may be `*`.'),
    of('seriesId', 'The series.'),
    of('source', 'The source, exactly.'),
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
        events: [
          {
            event: EVENT_EXAMPLE,
            state: 'dispatched',
            dispatched: '2026-11-23T10:00:00.130Z',
            waiting: 1,
            delivered: 0,
            givenUp: 0,
            cancelled: 0,
          },
        ],
        cursor: null,
      },
    },
  },
  async handle({ sight: { db, access } }, context) {
    const scope = await access.scopeOf(context)
    const query = createSightQuery(context.query)
    const filter = {
      subject: query.text('subject'),
      source: query.text('source'),
      seriesId: query.text('seriesId'),
      type: query.type('type'),
      from: query.instant('from'),
      to: query.instant('to'),
    }
    const [limit, cursor] = [query.limit(), query.cursor(['number'])]
    if (scope.owner !== undefined && filter.subject === undefined)
      query.violate('subject is missing; only a whole tenant can be listed without it')
    query.rejectIfWrong()
    const page = await listEvents(db, scope, {
      filter,
      after: cursor === undefined ? undefined : Number(cursor[0]),
      isNewestFirst: true,
      limit,
    })
    return { message: `TAPIS_FOUND Events found: ${page.events.length}`, result: page }
  },
}
