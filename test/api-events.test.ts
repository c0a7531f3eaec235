import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createApiForFile, envelopeOf, EVENT_UUID, type CallOptions } from './support/test-api.ts'

const EVENT = {
  source: 'https://tapis.io/jobs',
  type: 'jobs.JOB_NEW_STATUS.RUNNING',
  timestamp: '2024-03-15T15:11:23.947827477Z',
  subject: 'job-7',
  seriesId: 'job-7',
}
const SERIES = { source: 's', subject: 'job-7', seriesId: 'job-7' }
const CALLER = 'jwtTenant: admin jwtUser: jobs OboTenant: dev OboUser: jdoe'

const api = createApiForFile()

const messageOf = async (response: Response, status: number) => (await envelopeOf(response, status)).message

const publish = (body: unknown, options: CallOptions = {}, path = '/events/publish') =>
  api.call('POST', path, { ...options, body: body as object })

test('the response to a published event has its uuid, in exactly these bytes', async () => {
  const response = await publish(EVENT)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(await response.text()).toBe(
    `{"result":{"uuid":"${EVENT_UUID}"},"status":"success","message":"NTFAPI_EVENT_POSTED Event stored. ${CALLER} Tenant: dev Type: jobs.JOB_NEW_STATUS.RUNNING Subject: job-7 Uuid: ${EVENT_UUID}","version":"0.1.0","commit":"unknown","build":"unknown","metadata":null}`,
  )
  expect(api.published).toEqual([
    { event: EVENT, context: { tenant: 'dev', user: 'jdoe', service: 'jobs', idempotencyKey: undefined } },
  ])
})

test('the old path does the same and says that it is deprecated', async () => {
  const response = await publish(EVENT, { headers: { 'idempotency-key': 'k 1' } }, '/events/?tenant=other')
  expect([response.status, response.headers.get('deprecation'), response.headers.get('link')]).toEqual([
    200,
    '@1710374400',
    '</v3/notifications/events/publish>; rel="successor-version"',
  ])
  expect(api.published[0]?.context).toEqual({ tenant: 'other', user: 'jdoe', service: 'jobs', idempotencyKey: 'k 1' })
})

test('the response to the end of a series has no result', async () => {
  const response = await publish(SERIES, {}, '/events/endSeries?tenant=')
  const envelope = await envelopeOf(response)
  expect(envelope).toMatchObject({ result: null, status: 'success' })
  expect(envelope.message).toBe(
    `NTFAPI_EVENT_ENDSERIES End of series stored. ${CALLER} Tenant: dev Source: s Subject: job-7 SeriesId: job-7`,
  )
  expect(api.published).toEqual([
    { series: SERIES, context: { tenant: 'dev', user: 'jdoe', service: 'jobs', idempotencyKey: undefined } },
  ])
})

test('unknown and maintained members are accepted, null where protocol 3.8 has it', async () => {
  const event: unknown = JSON.parse(`{"__proto__":{"x":1},"constructor":1,"tenant":"t","user":"u",
    "received":"r","uuid":"x","seriesSeqCount":3,"extra":[1],"subject":null,"data":null,"seriesId":null,
    "source":"s","type":"jobs.a.b","timestamp":"whenever"}`)
  expect((await publish(event)).status).toBe(200)
})

describe('rejections', () => {
  test('every violation is named at once, and nothing is published', async () => {
    const response = await publish(
      { source: 'a\u0000b', type: 'apps.a.b', subject: '\ud800', data: 7, seriesSeqCount: 1.5 },
      { headers: { 'idempotency-key': 'é' } },
      '/events/publish?tenant=dev&tenant=dev',
    )
    expect(await messageOf(response, 400)).toBe(
      [
        `TAPIS_JSON_VALIDATION_ERROR The request is not valid for this operation. ${CALLER}`,
        '  #1 /timestamp is missing',
        '  #2 /data must be string or null',
        '  #3 /seriesSeqCount must be integer',
        '  #4 NTFLIB_EVENT_SVC_NOMATCH /type begins with apps, but the service is jobs',
        '  #5 NTFAPI_EVENT_ATTR_ERR /source has a NUL character',
        '  #6 NTFAPI_EVENT_ATTR_ERR /subject has an unpaired surrogate',
        '  #7 NTFAPI_IDEMPOTENCY_KEY_ERR the header Idempotency-Key is empty, is too long, or has other characters',
        '  #8 TAPIS_QUERY_PARAM_MULTIPLE the query parameter tenant is given more than once',
      ].join('\n'),
    )
    expect(api.published).toEqual([])
  })

  test.each([
    [{ ...EVENT, type: 'apps.a.b' }, {}, '', 'NTFLIB_EVENT_SVC_NOMATCH'],
    [{ ...EVENT, seriesId: 'a\u0000' }, {}, '', 'NTFAPI_EVENT_ATTR_ERR'],
    [EVENT, { headers: { 'idempotency-key': 'k'.repeat(256) } }, '', 'NTFAPI_IDEMPOTENCY_KEY_ERR'],
    [EVENT, { headers: { 'idempotency-key': '' } }, '', 'NTFAPI_IDEMPOTENCY_KEY_ERR'],
    [EVENT, {}, '?tenant=&tenant=', 'TAPIS_QUERY_PARAM_MULTIPLE'],
    [{ ...EVENT, type: 'jobs.1.x' }, {}, '', 'TAPIS_JSON_VALIDATION_ERROR'],
    [{ ...EVENT, source: ' ' }, {}, '', 'TAPIS_JSON_VALIDATION_ERROR'],
    [{ ...EVENT, uuid: null }, {}, '', 'TAPIS_JSON_VALIDATION_ERROR'],
  ])('violation %# alone gives its own code', async (body, options, query, code) => {
    expect(await messageOf(await publish(body, options, `/events/publish${query}`), 400)).toMatch(
      new RegExp(`^${code} `),
    )
    expect(api.published).toEqual([])
  })

  test('a user may not publish or end a series, whatever the body is', async () => {
    for (const path of ['/events', '/events/publish', '/events/endSeries']) {
      expect(await messageOf(await publish({}, { as: 'user' }, path), 401)).toMatch(
        /^NTFLIB_EVENT_UNAUTH .* jwtUser: jdoe/,
      )
    }
  })

  test('another tenant must be one that the caller may act for', async () => {
    for (const path of ['/events', '/events/endSeries']) {
      expect(await messageOf(await publish({}, {}, `${path}?tenant=stranger`), 401)).toMatch(
        /^TAPIS_SECURITY_TENANT_NOT_ALLOWED /,
      )
    }
    expect(api.published).toEqual([])
  })

  test('endSeries names every violation', async () => {
    expect(await messageOf(await publish({ source: '', subject: 7 }, {}, '/events/endSeries'), 400)).toContain(
      '/seriesId is missing',
    )
  })

  test('huge and hostile texts are truncated and sanitized', async () => {
    const message = await messageOf(await publish({ ...EVENT, type: `x\u0007\u202f${'y'.repeat(500_000)}.a.b` }), 400)
    expect(message.length).toBeLessThan(1500)
    expect(message).not.toMatch(/(?!\n)\p{Cc}/u)
  })
})

test('no body whatsoever causes a 500', async () => {
  const member = fc.constantFrom(
    'source',
    'type',
    'timestamp',
    'subject',
    'data',
    'seriesId',
    'endSeries',
    'uuid',
    '__proto__',
    'constructor',
    'other',
  )
  const value = fc.oneof(
    fc.jsonValue(),
    fc.string({ unit: 'binary' }),
    fc.constant('jobs.a.b'),
    fc.constant('\ud800'),
    fc.constant('\u0000'),
  )
  const body = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(member, value),
    fc.dictionary(member, value).map((members) => ({ ...EVENT, ...members })),
  )
  await fc.assert(
    fc.asyncProperty(body, fc.constantFrom('/events/publish', '/events/endSeries'), async (json, path) => {
      const response = await api.call('POST', path, {
        body: JSON.stringify(json),
        headers: { 'content-type': 'application/json' },
      })
      expect([200, 400]).toContain(response.status)
      await envelopeOf(response, response.status)
    }),
    { numRuns: 200 },
  )
})
