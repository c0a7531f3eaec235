import { MAX_BATCH_BYTES } from '@tidings/contract/body-limit.ts'
import type { EventBatchResult } from '@tidings/contract/result.ts'
import type { Publish } from '@tidings/server/publish/publish.ts'
import { PublishError, type PublishErrorKind } from '@tidings/server/publish/publish-error.ts'
import { describe, expect, test } from 'vitest'
import { createApiForFile, envelopeOf, EVENT_UUID, startApiForTest, type CallOptions } from './support/test-api.ts'

const EVENT = {
  source: 'https://tapis.io/jobs',
  type: 'jobs.JOB_NEW_STATUS.RUNNING',
  timestamp: '2024-03-15T15:11:23.947827477Z',
  subject: 'job-7',
  seriesId: 'job-7',
}
const CALLER = 'jwtTenant: admin jwtUser: jobs OboTenant: dev OboUser: jdoe'
const PATH = '/events/publishBatch'

const api = createApiForFile()

const publish = (body: unknown, options: CallOptions = {}, query = '') =>
  api.call('POST', PATH + query, { ...options, body: body as object })
const messageOf = async (response: Promise<Response>, status: number) => (await envelopeOf(response, status)).message
const many = (count: number, event: object = EVENT) => Array.from({ length: count }, () => ({ event }))

test('the response has the uuid of each event, in exactly these bytes', async () => {
  const response = await publish(
    { events: [{ event: EVENT, idempotencyKey: 'k' }, { event: EVENT }] },
    { headers: { 'x-tapis-user': 'eve' } },
    '?tenant=other',
  )
  const item = `{"uuid":"${EVENT_UUID}","status":"stored","code":null,"message":null}`
  expect(await response.text()).toBe(
    `{"result":{"failedCount":0,"events":[${item},${item}]},"status":"success","message":"NTFAPI_EVENTS_POSTED Batch of events processed. ${CALLER.replace('jdoe', 'eve')} Tenant: other Stored: 2 Failed: 0","version":"0.1.0","commit":"unknown","build":"unknown","metadata":null}`,
  )
  const context = { tenant: 'other', user: 'eve', service: 'jobs' }
  expect(api.published).toEqual([
    { event: EVENT, context: { ...context, idempotencyKey: 'k' } },
    { event: EVENT, context: { ...context, idempotencyKey: undefined } },
  ])
})

test('a batch of 1,000 events with all of their members is accepted', async () => {
  const full = { ...EVENT, data: '[{":', endSeries: false, deleteSubscriptionsMatchingSubject: false, uuid: '' }
  const maintained = { tenant: '', user: '', received: '', seriesSeqCount: 1 }
  const events = many(1000, { ...full, ...maintained }).map((item) => ({ ...item, idempotencyKey: 'k' }))
  await envelopeOf(publish({ events }))
  expect(api.published).toHaveLength(1000)
})

test('unknown members of an event are a warning with its place', async () => {
  const response = await publish({ events: [{ event: EVENT }, { event: { ...EVENT, idempotencyKey: 'k' } }] })
  expect(response.headers.get('tidings-warning')).toContain('/events/1/event: the member idempotencyKey is unknown')
})

describe('4 MiB is the maximum', () => {
  const bodyOf = (bytes: number) => {
    const body = (data: string) => JSON.stringify({ events: many(8, { ...EVENT, data }) })
    const each = Math.floor((bytes - body('').length) / 8)
    return body('x'.repeat(each)).padEnd(bytes)
  }
  const send = (body: string, options: CallOptions = {}) =>
    api.call('POST', PATH, { headers: { 'content-type': 'application/json' }, body, ...options })

  test('of a batch of a service', async () => {
    await envelopeOf(send(bodyOf(MAX_BATCH_BYTES)))
    expect(api.published).toHaveLength(8)
    expect(await messageOf(send(bodyOf(MAX_BATCH_BYTES + 1)), 413)).toMatch(
      /^NTFAPI_BODY_TOO_LARGE .* maxBytes: 4194304$/,
    )
  })

  test('a single event stays within 1 MiB, here as elsewhere', async () => {
    const large = { ...EVENT, data: 'x'.repeat(1_048_577) }
    expect(await messageOf(send(JSON.stringify({ events: [{ event: EVENT }, { event: large }] })), 400)).toMatch(
      /^NTFAPI_EVENT_ATTR_ERR .*\n {2}#1 \/events\/1\/event has more than 1048576 bytes$/,
    )
    const alone = () => api.call('POST', '/events/publish', { body: { ...EVENT, data: 'x'.repeat(1_048_577) } })
    await envelopeOf(alone(), 413)
    expect(api.published).toEqual([])
  })
})

describe('rejections', () => {
  test('every violation is named with the place of its event, and nothing is published', async () => {
    const message = await messageOf(
      publish(
        {
          events: [
            { event: EVENT },
            { event: { source: 'a\u0000b', type: 'apps.a.b', data: 7 } },
            { event: EVENT, idempotencyKey: '' },
            { event: { ...EVENT, subject: '\ud800' } },
          ],
        },
        { headers: { 'idempotency-key': 'k' } },
        '?tenant=dev&tenant=dev',
      ),
      400,
    )
    expect(message).toBe(
      [
        `TAPIS_JSON_VALIDATION_ERROR The request is not valid for this operation. ${CALLER}`,
        '  #1 /events/1/event/timestamp is missing',
        '  #2 /events/1/event/data must be string or null',
        '  #3 /events/2/idempotencyKey must not have fewer than 1 characters',
        '  #4 NTFLIB_EVENT_SVC_NOMATCH /events/1/event/type begins with apps, but the service is jobs',
        '  #5 NTFAPI_EVENT_ATTR_ERR /events/1/event/source has a NUL character',
        '  #6 NTFAPI_EVENT_ATTR_ERR /events/3/event/subject has an unpaired surrogate',
        '  #7 NTFAPI_IDEMPOTENCY_KEY_ERR the header Idempotency-Key is for a single event; in a batch each has its member idempotencyKey',
        '  #8 TAPIS_QUERY_PARAM_MULTIPLE the query parameter tenant is given more than once',
      ].join('\n'),
    )
    expect(api.published).toEqual([])
  })

  test.each([
    ['1,001 events', { events: many(1001) }, /events must not have more than 1000 items/],
    ['no event', { events: [] }, /events must not have fewer than 1 items/],
    ['a list', [{ event: EVENT }], /put the list into its member events/],
    ['an event in the place of a batch', EVENT, /\/events is missing/],
    [
      'more members than a thousand events have',
      { events: many(1000, { ...EVENT, z: Array(20).fill({ a: 1 }) }) },
      /more than 17000 members/,
    ],
  ])('%s: rejected, with an explanation', async (_what, body, words) => {
    expect(await messageOf(publish(body), 400)).toMatch(words)
    expect(api.published).toEqual([])
  })

  test('a user may not publish a batch, whatever the body is, and a service not for a strange tenant', async () => {
    expect(await messageOf(publish({}, { as: 'user' }), 401)).toMatch(/^NTFLIB_EVENT_UNAUTH /)
    expect(await messageOf(publish({}, {}, '?tenant=stranger'), 401)).toMatch(/^TAPIS_SECURITY_TENANT_NOT_ALLOWED /)
  })
})

/** An api whose next stage has these outcomes, whatever it is given; undefined stands for stored. */
async function responding(...kinds: readonly (PublishErrorKind | undefined)[]) {
  const outcomes = kinds.map((kind) => ({ uuid: EVENT_UUID, error: kind && new PublishError(kind, 'event') }))
  const port: Pick<Publish, 'events'> = { events: () => Promise.resolve(outcomes) }
  const { call } = await startApiForTest({ publish: port as Publish })
  return call('POST', PATH, { body: { events: many(kinds.length) } })
}

describe('what failed at the broker', () => {
  test.each<[string, readonly PublishErrorKind[]]>([
    ['NTFAPI_EVENTS_POST_ERR', ['not_stored', 'not_stored']],
    ['NTFAPI_EVENTS_POST_ERR', ['not_stored', 'follows']],
    ['NTFAPI_PUBLISH_UNKNOWN', ['unknown', 'not_stored']],
  ])('is %s when nothing is stored, and may be tried again: %s', async (code, kinds) => {
    const response = await responding(...kinds)
    expect(response.headers.get('retry-after')).toBe('1')
    expect((await envelopeOf(response, 503)).message).toMatch(new RegExp(`^${code} `))
  })

  test('is a result of its event when anything is stored, or cannot be', async () => {
    const { result, message } = await envelopeOf<EventBatchResult>(
      responding(undefined, 'not_stored', 'unknown', 'key_reused', 'rejected', 'follows'),
    )
    expect(message).toContain('Stored: 1 Failed: 5')
    expect(result.failedCount).toBe(5)
    expect(result.events.map(({ status, code }) => `${status} ${code ?? ''}`)).toEqual([
      'stored ',
      'not_stored NTFAPI_EVENT_POST_ERR',
      'unknown NTFAPI_PUBLISH_UNKNOWN',
      'not_stored NTFAPI_IDEMPOTENCY_KEY_REUSED',
      'not_stored NTFAPI_INTERNAL',
      'not_stored NTFAPI_EVENT_FOLLOWS_FAILED',
    ])
    expect(result.events.slice(1).every((one) => typeof one.message === 'string')).toBe(true)
    await envelopeOf(responding('key_reused', 'follows'))
  })
})
