import { EventInput } from '@tidings/contract/event.ts'
import { readBody } from '../http/body/json-body.ts'
import { successMessage } from '../http/response/response-message.ts'
import type { GuardedOperation } from '../operation.ts'
import { requestBody } from '../request-body.ts'
import { valueOrReject } from '../violations.ts'
import { eventViolations } from './event-rules.ts'
import { timestampWarnings, unknownMemberWarnings } from './event-warnings.ts'
import { publishContextOf, PUBLISHING, requestViolations, tenantOf } from './publish-request.ts'

const BODY = requestBody('Event', {
  description: 'The event.',
  example: {
    source: 'https://tapis.io/jobs',
    type: 'jobs.JOB_NEW_STATUS.RUNNING',
    subject: 'job-42',
    seriesId: 'job-42',
    timestamp: '2026-11-23T10:00:00Z',
    data: '{"newJobStatus":"RUNNING"}',
  },
})

const DESCRIPTION = [
  'The response is sent when the event is stored durably; its result has the `uuid` of the event. The event is ' +
    'then delivered to all targets of all matching subscriptions. A webhook is retried until it accepts, and the ' +
    'events of one series are delivered one after the other.',
  // Not among the parameters: one more would change the signatures that generators make (Tapis Notifications 1.6.2).
  'A header `Idempotency-Key` of 1 to 255 printable ASCII characters makes it safe to repeat the request: for one ' +
    'service, tenant and key a single event is stored, and every response has its uuid. A request with the same ' +
    'key and different content is rejected.',
  'For services. The first part of `type` must be the name of the service that publishes.',
].join('\n\n')

/**
 * Publishes an event and resolves when it is stored durably (protocol 3.8). Every violation of a request is named at
 * once, and then nothing is published.
 */
export const publishEvent: GuardedOperation = {
  ...PUBLISHING,
  id: 'publishEvent',
  path: '/events/publish',
  summary: 'Publish an event',
  description: DESCRIPTION,
  body: BODY,
  success: {
    status: 200,
    model: 'RespBasic',
    description: 'The event is stored.',
    example: { code: 'NTFAPI_EVENT_POSTED', result: { uuid: '1d16202d-2248-4690-bcc9-a0134a4089cd' } },
  },
  async handle({ publish, quota }, context) {
    const tenant = tenantOf(context)
    const { checked, members } = readBody(context.body, BODY.validate)
    const event = valueOrReject(checked, [...eventViolations(members, context.caller), ...requestViolations(context)])
    quota.charge(tenant, 1)
    const { uuid } = await publish.event(event, publishContextOf(context, tenant))
    return {
      message: successMessage('NTFAPI_EVENT_POSTED', 'Event stored', context.caller, {
        Tenant: tenant,
        Type: event.type,
        Subject: event.subject ?? 'null',
        Uuid: uuid,
      }),
      result: { uuid },
      warnings: [...unknownMemberWarnings(members, EventInput), ...timestampWarnings(event)],
    }
  },
}

/** The former address, deprecated since 1.6.2 (protocol 0.2). */
export const postEvent: GuardedOperation = {
  ...publishEvent,
  id: 'postEvent',
  path: '/events',
  deprecated: { since: '2024-03-14', successor: publishEvent.path },
  summary: 'Publish an event (former path)',
  description: 'The same as `publishEvent`, which replaces it.',
}
