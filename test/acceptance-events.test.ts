import type { Received } from '@tidings/harness/receiver.ts'
import { startReceiver } from '@tidings/harness/receiver.ts'
import { describe, expect } from 'vitest'
import { jobEvent } from './support/test-app.ts'
import { dataOf, eventually, isDispatched, numbersOf, serviceTest } from './support/service-fixtures.ts'

const test = serviceTest()

describe('protocol item 8: seriesSeqCount', () => {
  test('protocol item 8: it counts 1, 2, 3 within a series, apart for each series, and is -1 outside of one', async ({
    app,
    receiver,
    subject,
  }) => {
    await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
    for (const seriesId of ['a', 'a', 'b', null, 'a']) await app.publish({ subject, seriesId, data: String(seriesId) })
    const counts = (await receiver.take(5)).map(
      ({ notification: { event } }) => `${event.data} ${event.seriesSeqCount}`,
    )
    expect(counts.sort()).toEqual(['a 1', 'a 2', 'a 3', 'b 1', 'null -1'])
  })

  test('protocol item 8: it restarts after endSeries, flag or operation, and after a delete by subject', async ({
    app,
    receiver,
    subject,
  }) => {
    // To every subject, so that the delete flag leaves the subscription alone.
    await app.subscribe({ addresses: [receiver.url()], subjectFilter: '*', typeFilter: 'jobs.EIGHT.*' })
    const publish = (more: object = {}) => app.publish({ subject, seriesId: subject, type: 'jobs.EIGHT.X', ...more })
    await publish()
    await publish({ endSeries: true })
    await publish()
    await app.client.call('POST', '/events/endSeries', { source: jobEvent().source, subject, seriesId: subject })
    await publish()
    await publish({ deleteSubscriptionsMatchingSubject: true })
    await publish()
    expect(numbersOf(await receiver.take(6))).toEqual([1, 2, 1, 1, 2, 1])
  })

  test('protocol item 8: a seriesId without a subject is accepted, in no series', async ({ app, receiver }) => {
    await app.subscribe({ addresses: [receiver.url()], subjectFilter: '*', typeFilter: 'jobs.NOSUBJECT.*' })
    for (const subject of [null, undefined])
      expect(
        (
          await app.client.call('POST', '/events', {
            ...jobEvent({ type: 'jobs.NOSUBJECT.X', seriesId: 's' }),
            subject,
          })
        ).status,
      ).toBe(200)
    const received = await receiver.take(2)
    expect(
      received.map(({ notification: { event } }) => [event.subject, event.seriesId, event.seriesSeqCount]),
    ).toEqual(Array(2).fill([null, 's', -1]))
  })
})

describe('protocol item 9: the body on the wire', () => {
  /** What the service alone knows before: uuids and instants. */
  const known = ({ notification: { uuid, eventUuid, created, event } }: Received) => ({
    uuid,
    eventUuid,
    created,
    received: event.received,
  })
  const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
  const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z$/

  test('protocol item 9: the delivered body is that of the original byte for byte, with its headers', async ({
    app,
    receiver,
    subject,
  }) => {
    const name = await app.subscribe({ addresses: [receiver.url('/hooks/jobs')], subjectFilter: subject })
    const data = '{"newJobStatus":"RUNNING","oldJobStatus":"QUEUED","message":"<ä> \\u2028 & \'"}'
    await app.publish(
      { subject, seriesId: subject, timestamp: '2024-03-15T15:11:23.947827477Z', data },
      { 'x-tapis-user': 'jobs' },
    )
    const [arrival] = await receiver.take(1)
    if (!arrival) throw new Error('nothing came')
    const { uuid, eventUuid, created, received } = known(arrival)
    expect(arrival.rawBody.toString()).toBe(`{
  "uuid": "${uuid}",
  "tenant": "dev",
  "subscriptionName": "${name}",
  "eventUuid": "${eventUuid}",
  "event": {
    "source": "https://tapis.io/jobs",
    "type": "jobs.JOB_NEW_STATUS.RUNNING",
    "subject": "${subject}",
    "data": "{\\"newJobStatus\\":\\"RUNNING\\",\\"oldJobStatus\\":\\"QUEUED\\",\\"message\\":\\"<ä> \\\\u2028 & '\\"}",
    "seriesId": "${subject}",
    "seriesSeqCount": 1,
    "timestamp": "2024-03-15T15:11:23.947827477Z",
    "deleteSubscriptionsMatchingSubject": false,
    "endSeries": false,
    "tenant": "dev",
    "user": "jobs",
    "received": "${received}",
    "uuid": "${eventUuid}"
  },
  "deliveryTarget": {
    "deliveryMethod": "WEBHOOK",
    "deliveryAddress": "${receiver.url('/hooks/jobs')}"
  },
  "created": "${created}"
}`)
    for (const one of [uuid, eventUuid]) expect(one).toMatch(UUID)
    for (const one of [created, received]) expect(one).toMatch(INSTANT)
    expect([arrival.method, arrival.path]).toEqual(['POST', '/hooks/jobs'])
    expect(arrival.headers).toMatchObject({
      'user-agent': 'Tapis/v3',
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(arrival.rawBody.length),
      'webhook-id': uuid,
    })
  })

  test('protocol item 9: what the publisher left out is written as null', async ({ app, receiver }) => {
    await app.subscribe({ addresses: [receiver.url()], subjectFilter: '*', typeFilter: 'jobs.NULLS.*' })
    await app.client.call('POST', '/events/publish', { source: 's', type: 'jobs.NULLS.X', timestamp: 'whenever' })
    const [arrival] = await receiver.take(1)
    expect(arrival?.rawBody.toString()).toContain(
      '    "type": "jobs.NULLS.X",\n    "subject": null,\n    "data": null,\n    "seriesId": null,\n    "seriesSeqCount": -1,\n    "timestamp": "whenever",\n',
    )
  })
})

describe('protocol items 10 and 11', () => {
  test('protocol item 10: a terminal event is retried until it arrives, although it removes the subscriptions', async ({
    app,
    receiver,
    subject,
  }) => {
    const name = await app.subscribe({ addresses: [receiver.url('/failing')], subjectFilter: subject })
    const other = await app.subscribe({ addresses: [receiver.url('/fine')], subjectFilter: subject })
    let isFailing = true
    receiver.decide(({ path }) => (isFailing && path === '/failing' ? 500 : undefined))
    await app.publish({ subject, data: 'FINISHED', deleteSubscriptionsMatchingSubject: true })
    // More often than the original tries before it deletes.
    await receiver.waitFor((received) => received.filter(({ path }) => path === '/failing').length > 4)
    isFailing = false
    await receiver.waitFor((received) =>
      received.some(({ path, answeredStatus }) => path === '/failing' && answeredStatus === 200),
    )
    const statusOf = async (which: string) => (await app.client.call('GET', `/subscriptions/byName/${which}`)).status
    await eventually(() => Promise.all([statusOf(name), statusOf(other)])).toEqual([404, 404])
    const delivered = receiver.received.filter(({ answeredStatus }) => answeredStatus === 200)
    expect(delivered.map(({ path, notification }) => `${path} ${notification.event.data}`).sort()).toEqual([
      '/failing FINISHED',
      '/fine FINISHED',
    ])
  })

  test.for(['endSeries', 'deleteSubscriptionsMatchingSubject'])(
    'protocol item 10: %s ends the series although nobody subscribes to it',
    async (flag, { app, receiver, subject }) => {
      await app.publish({ subject, seriesId: subject })
      // Nobody may subscribe to it while it is on its way.
      await isDispatched(app, await app.publish({ subject, seriesId: subject, [flag]: true }))
      await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
      await app.publish({ subject, seriesId: subject })
      expect(numbersOf(await receiver.take(1))).toEqual([1])
    },
  )

  test('protocol item 10: the delete flag counts even if nothing matches the event', async ({ app, subject }) => {
    const name = await app.subscribe({
      addresses: ['http://127.0.0.1:9/'],
      subjectFilter: subject,
      typeFilter: 'jobs.OTHER.*',
    })
    await app.publish({ subject, deleteSubscriptionsMatchingSubject: true })
    await eventually(async () => (await app.client.call('GET', `/subscriptions/byName/${name}`)).status).toBe(404)
  })

  test('protocol item 11: a receiver that does not respond delays no other series and no other receiver', async ({
    app,
    receiver,
    subject,
  }) => {
    const slow = await startReceiver()
    slow.decide(({ notification }) => (notification.event.seriesId === 'stuck' ? 'withheld' : undefined))
    const name = await app.subscribe({ addresses: [slow.url()], subjectFilter: subject })
    await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
    await app.publish({ subject, seriesId: 'stuck', data: 'first' })
    await slow.take(1)
    const started = performance.now()
    for (const data of ['second', 'third']) await app.publish({ subject, seriesId: 'stuck', data })
    for (let n = 0; n < 20; n += 1) await app.publish({ subject, seriesId: `other-${n % 5}`, data: String(n) })
    expect(dataOf(await receiver.take(23)).filter((data) => Number.isNaN(Number(data)))).toEqual([
      'first',
      'second',
      'third',
    ])
    await slow.waitFor((received) => received.length === 21)
    // The request without a response still has most of its 30 s.
    expect(performance.now() - started).toBeLessThan(10_000)
    expect(dataOf(slow.received).filter((data) => Number.isNaN(Number(data)))).toEqual(['first'])
    await app.client.call('DELETE', `/subscriptions/byName/${name}`)
    await slow.close()
  })

  test('protocol item 11: within a series the order is kept across retries', async ({ app, receiver, subject }) => {
    await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
    receiver.answers(500, 503, 404, 302)
    for (const data of ['a', 'b', 'c']) await app.publish({ subject, seriesId: subject, data })
    const received = await receiver.take(7)
    expect(dataOf(received)).toEqual(['a', 'a', 'a', 'a', 'a', 'b', 'c'])
    expect(numbersOf(received)).toEqual([1, 1, 1, 1, 1, 2, 3])
  })
})

describe('protocol item 13: publishers of other versions', () => {
  test('protocol item 13: an event without endSeries and received is processed, as older publishers send it', async ({
    app,
    receiver,
    subject,
  }) => {
    await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
    const older = {
      source: 'https://tapis.io/jobs',
      type: 'jobs.JOB_NEW_STATUS.RUNNING',
      subject,
      timestamp: '2023-01-01T00:00:00Z',
      data: '{}',
      seriesId: subject,
      deleteSubscriptionsMatchingSubject: false,
    }
    expect((await app.client.call('POST', '/events', older)).status).toBe(200)
    const [arrival] = await receiver.take(1)
    expect(arrival?.notification.event).toMatchObject({
      ...older,
      endSeries: false,
      seriesSeqCount: 1,
      received: expect.stringMatching(/Z$/) as string,
    })
  })

  test('protocol item 13: members that the service maintains, or does not know, are ignored', async ({
    app,
    receiver,
    subject,
  }) => {
    await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
    const newer = {
      ...jobEvent({ subject }),
      tenant: 'other',
      user: 'root',
      received: 'never',
      uuid: 'mine',
      seriesSeqCount: 99,
      priority: 'high',
      nested: { a: [1] },
    }
    const answer = await app.client.call('POST', '/events/publish', newer)
    expect(answer.status).toBe(200)
    const [arrival] = await receiver.take(1)
    expect(arrival?.notification.event).toMatchObject({
      tenant: 'dev',
      user: 'jdoe',
      seriesSeqCount: 1,
      uuid: (answer.body?.result as { uuid: string }).uuid,
    })
    expect(arrival?.rawBody.toString()).not.toMatch(/priority|nested|"mine"/)
  })
})
