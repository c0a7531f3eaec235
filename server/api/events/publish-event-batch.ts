import { MAX_BATCH_BYTES } from '@tidings/contract/body-limit.ts'
import { MAX_BATCH_EVENTS } from '@tidings/contract/event.ts'
import type { EventBatchItemResult, EventBatchResult } from '@tidings/contract/result.ts'
import type { PublishErrorKind } from '../../publish/publish-error.ts'
import type { PublishOutcome } from '../../publish/publish.ts'
import { AppError } from '../errors.ts'
import { readBody } from '../http/body/json-body.ts'
import { MAX_BATCH_MEMBERS } from '../http/body/json-bounds.ts'
import { publishFailure } from '../http/response/error-mapping.ts'
import { successMessage } from '../http/response/response-message.ts'
import type { GuardedOperation } from '../operation.ts'
import { requestBody } from '../request-body.ts'
import { valueOrReject } from '../violations.ts'
import { batchViolations, batchWarnings, validateBatch } from './event-batch.ts'
import { batchRequestViolations, publishContextOf, PUBLISHING, QUOTA, tenantOf } from './publish-request.ts'

const EVENT = {
  source: 'https://tapis.io/jobs',
  type: 'jobs.JOB_NEW_STATUS.RUNNING',
  subject: 'job-42',
  seriesId: 'job-42',
  timestamp: '2026-11-23T10:00:00Z',
}

const BODY = requestBody('EventBatch', {
  description: 'The events, in their order.',
  example: {
    events: [
      { event: EVENT, idempotencyKey: 'job-42 RUNNING' },
      { event: { ...EVENT, type: 'jobs.JOB_NEW_STATUS.FINISHED' }, idempotencyKey: 'job-42 FINISHED' },
    ],
  },
})

const BODY_OPTIONS = {
  maxMembers: MAX_BATCH_MEMBERS,
  listAdvice: 'put the list into its member events, each element as {"event": ...}',
}

const DESCRIPTION = [
  'Publishes up to 1,000 events, or 4 MiB, in one request. Each item has an `event`, which is what `publishEvent` ' +
    'takes as its body, and may have an `idempotencyKey`, which is what it takes as header `Idempotency-Key`.',
  'The order of the events is kept. A batch with anything invalid in it is rejected as a whole, and nothing of it is ' +
    'stored. Otherwise the response has what became of each event, in the same order: look at `failedCount`. An ' +
    'event that was not stored keeps the later ones of its series out, so that the failed ones can be sent again, in ' +
    'their order, without a change of order. When the service cannot store events now, the response is a 503.',
  'For services. The first part of each `type` must be the name of the service that publishes.',
].join('\n\n')

/**
 * Publishes events together and resolves when each is stored durably, or has failed (protocol 3.8). Every violation
 * of a request is named at once, and then nothing is published.
 */
export const publishEventBatch: GuardedOperation = {
  ...PUBLISHING,
  rejections: { 429: QUOTA }, // what one event would be rejected for is in its result
  id: 'publishEventBatch',
  path: '/events/publishBatch',
  summary: 'Publish many events',
  description: DESCRIPTION,
  maxBodyBytes: MAX_BATCH_BYTES,
  maxEvents: MAX_BATCH_EVENTS,
  body: BODY,
  success: {
    status: 200,
    model: 'RespEventBatch',
    description: 'Each event has a result. Those with the status `stored` are stored.',
    mayWarn: true,
  },
  async handle({ publish, quota }, context) {
    const tenant = tenantOf(context)
    const { checked, members } = readBody(context.body, validateBatch, BODY_OPTIONS)
    const batch = valueOrReject(checked, [
      ...batchViolations(members, context.caller, context.body?.length ?? 0),
      ...batchRequestViolations(context),
    ])
    quota.charge(tenant, batch.events.length)
    const outcomes = await publish.events(batch.events, publishContextOf(context, tenant))
    rejectIfUnavailable(outcomes)
    const result = resultOf(outcomes)
    return {
      message: successMessage('NTFAPI_EVENTS_POSTED', 'Batch of events processed', context.caller, {
        Tenant: tenant,
        Stored: outcomes.length - result.failedCount,
        Failed: result.failedCount,
      }),
      result,
      warnings: batchWarnings(batch),
    }
  },
}

/** What may succeed when the same batch is sent again. */
const TEMPORARY: ReadonlySet<PublishErrorKind> = new Set(['not_stored', 'unknown', 'follows'])

/** Throws a 503 when no event is known to be stored and all of them may be sent again: nothing else is to be said. */
function rejectIfUnavailable(outcomes: readonly PublishOutcome[]): void {
  if (!outcomes.every(({ error }) => error && TEMPORARY.has(error.kind))) return
  const isUnknown = outcomes.some(({ error }) => error?.kind === 'unknown')
  throw new AppError(isUnknown ? 'NTFAPI_PUBLISH_UNKNOWN' : 'NTFAPI_EVENTS_POST_ERR', { retryAfterS: 1 })
}

const resultOf = (outcomes: readonly PublishOutcome[]): EventBatchResult => ({
  failedCount: outcomes.filter(({ error }) => error).length,
  events: outcomes.map(itemResult),
})

function itemResult({ uuid, error }: PublishOutcome): EventBatchItemResult {
  if (error === undefined) return { uuid, status: 'stored', code: null, message: null }
  const { code, parts } = publishFailure(error)
  return { uuid, status: error.kind === 'unknown' ? 'unknown' : 'not_stored', code, message: parts.sentence }
}
