import { reportSeries } from '../../sight/series-report.ts'
import type { GuardedOperation } from '../operation.ts'
import { ALL_OWNERS, CURSOR, LIMIT, of, OF_TENANT, OWNER, VISIBLE } from './sight-parameters.ts'
import { EVENT_ITEM_EXAMPLE, NOTIFICATION_EXAMPLE } from './sight-examples.ts'
import { createSightQuery } from './sight-query.ts'

const required = (name: string, description: string) => ({ ...of(name, description), required: true })

/** Protocol 12.4. */
export const getSeries: GuardedOperation = {
  id: 'getSeries',
  tag: 'Sight',
  method: 'GET',
  path: '/series',
  who: 'caller',
  summary: 'Read a series: where is it, and what holds it up?',
  description:
    'The events of a series in their order, each with the state of its notifications at each target; and, for each ' +
    'target on this page that has something waiting, the notification that goes first, since when and why it waits. ' +
    VISIBLE,
  parameters: [
    required('source', 'The source of its events.'),
    required('subject', 'The subject of its events; at most 150 characters.'),
    required('seriesId', 'The series.'),
    LIMIT,
    CURSOR,
    OWNER,
    ALL_OWNERS,
    OF_TENANT,
  ],
  success: {
    status: 200,
    model: 'RespSeriesReport',
    description: 'The page, which may be empty.',
    example: {
      code: 'TAPIS_FOUND',
      result: {
        events: [
          {
            ...EVENT_ITEM_EXAMPLE,
            notifications: [
              {
                uuid: NOTIFICATION_EXAMPLE.uuid,
                state: 'waiting',
                subscriptionUuid: NOTIFICATION_EXAMPLE.subscription.uuid,
                targetId: NOTIFICATION_EXAMPLE.target.id,
              },
            ],
          },
        ],
        heldUpBy: [NOTIFICATION_EXAMPLE],
        cursor: null,
      },
    },
  },
  async handle({ sight: { looks, access } }, context) {
    const scope = await access.scopeOf(context)
    const query = createSightQuery(context.query)
    const [source, subject, seriesId] = (['source', 'subject', 'seriesId'] as const).map((name) => {
      const text = query.text(name)
      if (text === undefined) query.violate(`${name} is missing`)
      return text ?? ''
    })
    const limit = query.limit()
    query.cursor()
    query.rejectIfWrong()
    const series = { source: source ?? '', subject: subject ?? '', seriesId: seriesId ?? '' }
    const asked = { list: 'getSeries', scope, filter: series }
    const { page, cursor } = await looks.page(context, asked, (db, after) =>
      reportSeries(db, scope, { series, after, limit }),
    )
    return {
      message: `TAPIS_FOUND Events found: ${page.rows.length}`,
      result: { events: page.rows, heldUpBy: page.heldUpBy, cursor },
    }
  },
}
