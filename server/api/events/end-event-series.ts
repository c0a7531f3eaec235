import { EventSeries } from '@tidings/contract/event.ts'
import { readBody } from '../http/body/json-body.ts'
import { successMessage } from '../http/response/response-message.ts'
import type { GuardedOperation } from '../operation.ts'
import { requestBody } from '../request-body.ts'
import { valueOrReject } from '../violations.ts'
import { seriesViolations } from './event-rules.ts'
import { unknownMemberWarnings } from './event-warnings.ts'
import { publishContextOf, PUBLISHING, requestViolations, tenantOf } from './publish-request.ts'

const BODY = requestBody('EventSeries', {
  description: 'The series.',
  example: { source: 'https://tapis.io/jobs', subject: 'job-42', seriesId: 'job-42' },
})

/** Ends a series and resolves when its end is stored durably (protocol 3.9). */
export const endEventSeries: GuardedOperation = {
  ...PUBLISHING,
  id: 'endEventSeries',
  path: '/events/endSeries',
  summary: 'End a series',
  description:
    'Takes effect between the events that were published before and after it: the next one gets number 1 again. ' +
    'Ending a series that does not exist is not an error. For services.',
  body: BODY,
  success: {
    status: 200,
    model: 'RespBasic',
    description: 'The end of the series is stored.',
    example: { code: 'NTFAPI_EVENT_ENDSERIES', result: null },
  },
  async handle({ publish, quota }, context) {
    const tenant = tenantOf(context)
    const { checked, members } = readBody(context.body, BODY.validate)
    const series = valueOrReject(checked, [...seriesViolations(members), ...requestViolations(context)])
    quota.charge(tenant, 1)
    await publish.endSeries(series, publishContextOf(context, tenant))
    return {
      message: successMessage('NTFAPI_EVENT_ENDSERIES', 'End of series stored', context.caller, {
        Tenant: tenant,
        Source: series.source,
        Subject: series.subject,
        SeriesId: series.seriesId,
      }),
      result: null,
      warnings: unknownMemberWarnings(members, EventSeries),
    }
  },
}
