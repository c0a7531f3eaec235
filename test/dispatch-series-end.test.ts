import { expect } from 'vitest'
import { startApp, type TestApp, type TestEvent } from './support/test-app.ts'
import { dataOf, isDispatched, numbersOf, serviceTest } from './support/service-fixtures.ts'

const test = serviceTest()

const source = 'https://tapis.io/jobs'
const seriesId = 'job-7'

async function endSeries(app: TestApp, subject: string): Promise<void> {
  const answer = await app.client.call('POST', '/events/endSeries', { source, subject, seriesId })
  expect(answer).toMatchObject({ status: 200, body: { result: null } })
}

test('an event with endSeries takes its number, then the series restarts', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  for (const isLast of [false, true, false, false]) await app.publish({ subject, endSeries: isLast })
  const received = await receiver.take(4)
  expect(numbersOf(received)).toEqual([1, 2, 1, 2])
  expect(received.map(({ notification }) => notification.event.endSeries)).toEqual([false, true, false, false])
})

test('the end of a series takes effect between the events before and after it', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  for (const data of ['a', 'b']) await app.publish({ subject, data })
  await endSeries(app, subject)
  for (const data of ['c', 'd']) await app.publish({ subject, data })
  const received = await receiver.take(4)
  expect(dataOf(received)).toEqual(['a', 'b', 'c', 'd'])
  expect(numbersOf(received)).toEqual([1, 2, 1, 2])
})

test('the end of one series leaves others of the same subject alone', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  for (const series of ['job-7', 'other']) await app.publish({ subject, seriesId: series })
  await endSeries(app, subject)
  for (const series of ['job-7', 'other']) await app.publish({ subject, seriesId: series })
  const received = await receiver.take(4)
  expect(numbersOf(received.filter(({ notification }) => notification.event.seriesId === 'job-7'))).toEqual([1, 1])
  expect(numbersOf(received.filter(({ notification }) => notification.event.seriesId === 'other'))).toEqual([1, 2])
})

test('a series that ended although nobody subscribed restarts', async ({ app, receiver, subject }) => {
  await app.publish({ subject })
  await app.publish({ subject, endSeries: true })
  const last = await app.publish({ subject, seriesId: 'other', deleteSubscriptionsMatchingSubject: true })
  await isDispatched(app, last)
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  for (const series of ['job-7', 'other']) await app.publish({ subject, seriesId: series })
  expect(numbersOf(await receiver.take(2))).toEqual([1, 1])
})

test('several resets that are dispatched as one batch each restart the count, in publish order', async ({
  receiver,
}) => {
  const api = await startApp({ env: { TIDINGS_ROLE: 'api' } })
  const subject = 'one-batch'
  await api.subscribe({ addresses: [receiver.url()], subjectFilter: '*' })
  const publish = (data: string, flags: Partial<TestEvent> = {}) => api.publish({ subject, data, ...flags })
  await publish('a')
  await publish('b', { endSeries: true })
  await publish('c', { endSeries: true })
  await publish('d')
  await publish('e')
  await endSeries(api, subject)
  await endSeries(api, subject)
  await publish('f')
  await publish('g', { deleteSubscriptionsMatchingSubject: true })
  await publish('h')
  const dispatcher = await startApp({ db: api.db, env: { TIDINGS_ROLE: 'dispatcher' } })
  const received = await receiver.take(8)
  await dispatcher.stop()
  await api.stop()
  expect(dataOf(received)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])
  expect(numbersOf(received)).toEqual([1, 2, 1, 1, 2, 1, 2, 1])
})

test.for<[string, (app: TestApp, subject: string) => Promise<unknown>]>([
  ['endSeries', (app, subject) => app.publish({ subject, data: 'last', endSeries: true })],
  [
    'deleteSubscriptionsMatchingSubject',
    (app, subject) => app.publish({ subject, data: 'last', deleteSubscriptionsMatchingSubject: true }),
  ],
  [
    'an end of series after it',
    (app, subject) => app.publish({ subject, data: 'last' }).then(() => endSeries(app, subject)),
  ],
])(
  'the new 1 follows the old last, even while that one is being retried (%s)',
  async ([, publishLast], { app, receiver, subject }) => {
    await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
    let isFailing = true
    receiver.decide(({ notification }) => (isFailing && notification.event.data === 'last' ? 500 : undefined))
    await app.publish({ subject, data: 'first' })
    await publishLast(app, subject)
    await receiver.waitFor((received) => dataOf(received).includes('last'))
    await isDispatched(app, await app.publish({ subject, data: 'new' }))
    isFailing = false
    await receiver.waitFor((received) => dataOf(received).includes('new'))
    const sent = receiver.received.map(({ notification: { event } }) => `${event.data} ${event.seriesSeqCount}`)
    expect(sent.length).toBeGreaterThan(3)
    expect(sent.filter((one, index) => one !== sent[index - 1])).toEqual(['first 1', 'last 2', 'new 1'])
  },
)
