import type { Operation, Refusal, Success } from './operation.ts'
import { TENANT } from './parameters.ts'

const EXAMPLE = {
  source: 'https://tapis.io/jobs',
  type: 'jobs.JOB_NEW_STATUS.RUNNING',
  subject: 'job-42',
  seriesId: 'job-42',
  timestamp: '2026-11-23T10:00:00Z',
  data: '{"newJobStatus":"RUNNING"}',
}

const PUBLISHING = [
  'The answer comes when the event is stored durably, and its result has the `uuid` of the event. It is then delivered to all targets of all subscriptions that match: a webhook is tried again until it accepts, and the events of one series go out one after the other.',
  // Not among the parameters: one more would change the signatures that generators make (Tapis Notifications 1.6.2).
  'With a header `Idempotency-Key`, of 1 to 255 printable ASCII characters, it is harmless to send the request again: the same service with the same key in the same tenant stores one event, and gets its uuid each time. With another content under the key it is refused.',
  'For services. The first part of `type` must be the name of the service that publishes.',
].join('\n\n')

const STORED: Success = { status: 200, model: 'RespBasic', description: 'It is stored.', code: 'NTFAPI_EVENT_POSTED', result: { uuid: '1d16202d-2248-4690-bcc9-a0134a4089cd' } }

/** Of a request with a key. */
const REUSED: Readonly<Record<422, Refusal>> = { 422: { code: 'NTFAPI_IDEMPOTENCY_KEY_REUSED', description: 'The `Idempotency-Key` stands for another content. Nothing is stored.' } }

export const EVENTS: readonly Operation[] = [
  {
    id: 'publishEvent', tag: 'Events', method: 'POST', path: '/events/publish', who: 'service',
    summary: 'Publish an event',
    description: PUBLISHING,
    parameters: [TENANT],
    body: { model: 'Event', description: 'The event.', example: EXAMPLE },
    success: STORED,
    refusals: REUSED,
  },
  {
    id: 'postEvent', tag: 'Events', method: 'POST', path: '/events', who: 'service', isDeprecated: true,
    summary: 'Publish an event, by its former address',
    description: 'The same as `publishEvent`, which takes its place.',
    parameters: [TENANT],
    body: { model: 'Event', description: 'The event.', example: EXAMPLE },
    success: STORED,
    refusals: REUSED,
  },
  {
    id: 'endEventSeries', tag: 'Events', method: 'POST', path: '/events/endSeries', who: 'service',
    summary: 'End a series',
    description: 'Takes effect between the events that were published before and after it: the next one is number 1 again. A series that does not exist may be ended too. For services.',
    parameters: [TENANT],
    body: { model: 'EventSeries', description: 'The series.', example: { source: 'https://tapis.io/jobs', subject: 'job-42', seriesId: 'job-42' } },
    success: { status: 200, model: 'RespBasic', description: 'Its end is stored.', code: 'NTFAPI_EVENT_ENDSERIES', result: null },
    refusals: REUSED,
  },
]
