import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { TestEvent } from './support/test-app.ts'
import { dataOf, numbersOf, serviceTest } from './support/service-fixtures.ts'

const test = serviceTest()

test('events of a series are numbered 1, 2, 3 in the order of their responses', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  for (const data of ['a', 'b', 'c']) await app.publish({ subject, data })
  const received = await receiver.take(3)
  expect(dataOf(received)).toEqual(['a', 'b', 'c'])
  expect(numbersOf(received)).toEqual([1, 2, 3])
})

test('a publish gets a higher number than all that had a response before it, however many come at once', async ({
  app,
  receiver,
  subject,
}) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  for (const round of ['a', 'b', 'c'])
    await Promise.all(Array.from({ length: 20 }, () => app.publish({ subject, data: round })))
  const received = await receiver.take(60)
  expect(numbersOf(received)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
  expect(dataOf(received)).toEqual(['a', 'b', 'c'].flatMap((round) => Array.from({ length: 20 }, () => round)))
})

test.for<[string, Partial<TestEvent>]>([
  ['no seriesId', { seriesId: null }],
  ['a blank seriesId', { seriesId: ' \t' }],
])('events with %s have the number -1', async ([, event], { app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  for (const data of ['a', 'b']) await app.publish({ subject, data, ...event })
  expect(numbersOf(await receiver.take(2))).toEqual([-1, -1])
})

test.for<[string, Partial<TestEvent>]>([
  ['no subject', { subject: null }],
  ['a blank subject', { subject: '  ' }],
])('events of a series with %s have the number -1', async ([, event], { app, receiver }) => {
  const typeFilter = `jobs.T${randomUUID()}.*` // only `*` matches an absent subject, so the type keeps this test apart
  await app.subscribe({ addresses: [receiver.url()], typeFilter })
  for (const data of ['a', 'b'])
    await app.publish({ type: typeFilter.replace('*', 'X'), data, seriesId: 'series', ...event })
  expect(numbersOf(await receiver.take(2))).toEqual([-1, -1])
})

test('events of another source, subject or seriesId are in different series, also if joined texts are equal', async ({
  app,
  receiver,
  subject,
}) => {
  const events = [
    { source: 'ab', subject, seriesId: 'c' },
    { source: 'a', subject, seriesId: 'bc' },
    { source: 'ab', subject, seriesId: 'd' },
    { source: 'ab', subject: `${subject}-`, seriesId: 'c' },
    { source: 'ab', subject: `${subject}-c`, seriesId: '-c' },
    { source: 'ab', subject: `${subject}-c-`, seriesId: 'c' },
  ]
  for (const subjectFilter of new Set(events.map((event) => event.subject)))
    await app.subscribe({ addresses: [receiver.url()], subjectFilter })
  for (const event of [...events, ...events]) await app.publish(event)
  const received = await receiver.take(2 * events.length)
  for (const { source, subject: of, seriesId } of events) {
    const series = received.filter(
      ({ notification: { event } }) => event.source === source && event.subject === of && event.seriesId === seriesId,
    )
    expect(numbersOf(series)).toEqual([1, 2])
  }
})

test('tenants have series of their own', async ({ app, receiver, subject }) => {
  const asAdmin = { 'x-tapis-tenant': 'admin' }
  await app.subscribe({ addresses: [receiver.url('/dev')], subjectFilter: subject })
  await app.subscribe({ addresses: [receiver.url('/admin')], subjectFilter: subject }, asAdmin)
  await app.publish({ subject })
  await app.publish({ subject }, asAdmin)
  await app.publish({ subject })
  const received = await receiver.take(3)
  const of = (tenant: string) =>
    received.filter(
      ({ path, notification }) =>
        path === `/${tenant}` && notification.tenant === tenant && notification.event.tenant === tenant,
    )
  expect(numbersOf(of('dev'))).toEqual([1, 2])
  expect(numbersOf(of('admin'))).toEqual([1])
})

test('a rejected publish uses up no number', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  await app.publish({ subject })
  const refused = [
    { type: 'apps.APP.DELETE' },
    { type: 'jobs' },
    { timestamp: '' },
    { endSeries: 'yes' },
    { source: 'a\0b' },
  ]
  for (const fault of refused) {
    const answer = await app.client.call('POST', '/events/publish', {
      source: 's',
      type: 'jobs.A.B',
      timestamp: 't',
      subject,
      seriesId: 'job-7',
      ...fault,
    })
    expect(answer.status).toBe(400)
  }
  await app.publish({ subject })
  expect(numbersOf(await receiver.take(2))).toEqual([1, 2])
})
