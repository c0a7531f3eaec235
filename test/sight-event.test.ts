import type { EventReport } from '@tidings/contract/sight.ts'
import { expect } from 'vitest'
import type { TestApp } from './support/test-app.ts'
import { eventually, isDispatched, serviceTest } from './support/service-fixtures.ts'

const test = serviceTest()

async function reportOf(app: TestApp, uuid: string, query = ''): Promise<EventReport> {
  const { status, body } = await app.client.call('GET', `/events/${uuid}${query}`)
  expect(status).toBe(200)
  return body?.result as EventReport
}

test('a delivered event is shown with its data, its notification and the attempt that succeeded', async ({
  app,
  receiver,
  subject,
}) => {
  const name = await app.subscribe({ addresses: [receiver.url('/secret')], subjectFilter: subject })
  const uuid = await app.publish({ subject, data: 'of the event' })
  await receiver.take(1)
  await eventually(async () => (await reportOf(app, uuid)).notifications[0]?.state).toBe('delivered')
  const report = await reportOf(app, uuid)
  expect(report).toMatchObject({
    event: { uuid, tenant: 'dev', subject, seriesSeqCount: 1, data: 'of the event', isDataShown: true },
    state: 'dispatched',
    before: null,
    hasMoreNotifications: false,
  })
  expect(report.dispatched).toMatch(/^\d{4}-.*Z$/)
  expect(report.notifications).toMatchObject([
    {
      eventUuid: uuid,
      subscription: { owner: 'jdoe', name },
      target: { deliveryMethod: 'WEBHOOK', deliveryAddress: receiver.url('/secret') },
      state: 'delivered',
      reason: null,
      attempts: 1,
      httpStatus: 200,
      nextTry: null,
      before: null,
      firstInLane: null,
      lastAttempts: [{ number: 1, outcome: 'delivered', httpStatus: 200 }],
    },
  ])
})

test('one that is tried again, and those behind it, say what they wait for', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  let isFailing = true
  receiver.decide(() => (isFailing ? { status: 503, headers: { 'retry-after': '2' } } : undefined))
  const uuids = [await app.publish({ subject }), await app.publish({ subject }), await app.publish({ subject })]
  const [first = '', , third = ''] = uuids
  await eventually(async () => (await reportOf(app, first)).notifications[0]?.reason).toBe('retrying')
  const [head] = (await reportOf(app, first)).notifications
  expect(head).toMatchObject({ state: 'waiting', attempts: 1, before: 0, firstInLane: null })
  expect(head?.nextTry).toMatch(/Z$/)
  expect(head?.lastAttempts).toMatchObject([{ number: 1, outcome: 'failed', httpStatus: 503, reason: 'http_503' }])
  await isDispatched(app, third)
  expect((await reportOf(app, third)).notifications).toMatchObject([
    {
      state: 'waiting',
      reason: 'behind',
      before: 2,
      nextTry: null,
      firstInLane: { eventUuid: first, seriesSeqCount: 1, attempts: 1, lastFailure: 'http_503' },
    },
  ])
  isFailing = false
  await eventually(async () => (await reportOf(app, third)).notifications[0]?.state).toBe('delivered')
})

test('one on the wire, in a lane without a row, is being sent, and the next is behind it', async ({
  app,
  receiver,
  subject,
}) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  let answer: (() => void) | undefined
  receiver.decide((_request, response) => {
    answer = () => response.writeHead(200).end()
    return 'withheld'
  })
  const first = await app.publish({ subject })
  const second = await app.publish({ subject })
  await receiver.take(1)
  await isDispatched(app, second)
  expect((await reportOf(app, first)).notifications).toMatchObject([{ state: 'waiting', reason: 'sending', before: 0 }])
  expect((await reportOf(app, second)).notifications).toMatchObject([
    { reason: 'behind', before: 1, firstInLane: { eventUuid: first, attempts: 0, lastFailure: null } },
  ])
  receiver.decide(() => undefined)
  answer?.()
  await eventually(async () => (await reportOf(app, second)).notifications[0]?.state).toBe('delivered')
})

test('one that was given up says why', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  receiver.answers(410)
  const uuid = await app.publish({ subject })
  await eventually(async () => (await reportOf(app, uuid)).notifications[0]?.state).toBe('given_up')
  expect((await reportOf(app, uuid)).notifications).toMatchObject([
    { reason: 'gone', httpStatus: 410, explanation: expect.stringContaining('gone') as string, attempts: 1 },
  ])
})

test('an unknown uuid is 404, and what is no uuid is no path', async ({ app }) => {
  const absent = await app.client.call('GET', '/events/5f0c5a0e-7c0b-4d1e-9f0a-3f2b8f1d6a10')
  expect([absent.status, absent.body?.message]).toEqual([404, expect.stringContaining('NTFAPI_EVENT_NOT_FOUND')])
  expect((await app.client.call('GET', '/events/publish')).status).toBe(405)
  expect((await app.client.call('GET', '/events/nothing')).status).toBe(404)
})
