import { expect, test } from 'vitest'
import { batchItem } from './support/event-batches.ts'
import { storedEvents } from './support/stored-state.ts'
import { jobEvent, startAppForTest, type TestApp } from './support/test-app.ts'

/** What `dev` takes at once: it has to wait for a quarter of an hour then. */
const LARGE_BATCH = { events: Array.from({ length: 1000 }, () => batchItem({})) }

/** Publishes as the service `jobs`, and tells status, code and Retry-After. */
async function call(app: TestApp, path: string, body: object, tenant = 'dev') {
  const response = await fetch(`${app.url}/v3/notifications${path}`, {
    method: 'POST',
    headers: {
      'x-tapis-token': await app.tokenOf({ kind: 'service', name: 'jobs' }),
      'x-tapis-user': 'jdoe',
      'x-tapis-tenant': tenant,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  })
  const { status: kind, result, message } = (await response.json()) as Readonly<Record<string, unknown>>
  const code = String(message).split(' ')[0]
  return { status: response.status, kind, result, code, retryAfterS: Number(response.headers.get('retry-after')) }
}

test('a tenant that has used up its quota gets 429, in every way to publish; the others have theirs', async () => {
  const app = await startAppForTest({ env: { TIDINGS_ROLE: 'api', TIDINGS_PUBLISH_QUOTA: 'dev=1/s:5' } })
  expect(await call(app, '/events/publishBatch', LARGE_BATCH)).toMatchObject({ status: 200, kind: 'success' })
  const before = (await storedEvents(app.db)).length
  for (const [path, body] of [
    ['/events/publish', jobEvent()],
    ['/events', jobEvent()],
    ['/events/publishBatch', { events: [batchItem({})] }],
    ['/events/endSeries', { source: 's', subject: 's', seriesId: 's' }],
  ] as const) {
    const answer = await call(app, path, body)
    expect(answer, path).toMatchObject({ status: 429, kind: 'error', result: null, code: 'NTFAPI_EVENT_QUOTA' })
    expect(answer.retryAfterS, path).toBeGreaterThan(900)
    expect(answer.retryAfterS, path).toBeLessThanOrEqual(996)
  }
  expect(await storedEvents(app.db)).toHaveLength(before)
  expect(await call(app, '/events/publish', jobEvent(), 'admin')).toMatchObject({ status: 200 })
})

test('what is wrong with a request is said first, and costs nothing', async () => {
  const app = await startAppForTest({ env: { TIDINGS_ROLE: 'api', TIDINGS_PUBLISH_QUOTA: '1/s:1' } })
  for (let number = 0; number < 5; number += 1)
    expect(await call(app, '/events/publish', { type: 'jobs.A.B' })).toMatchObject({ status: 400 })
  expect(await call(app, '/events/publishBatch', LARGE_BATCH)).toMatchObject({ status: 200 })
  expect(await call(app, '/events/publish', { type: 'jobs.A.B' })).toMatchObject({ status: 400 })
  expect(await call(app, '/events/publish', jobEvent())).toMatchObject({ status: 429 })
})

test('test sequences have limits of their own, and need no quota', async () => {
  const app = await startAppForTest({ env: { TIDINGS_PUBLISH_QUOTA: '1/s' } })
  await call(app, '/events/publishBatch', LARGE_BATCH)
  expect(await call(app, '/events/publish', jobEvent())).toMatchObject({ status: 429 })
  expect(await call(app, '/test/begin', {})).toMatchObject({ status: 201 })
})
