import { startReceiver } from '@tidings/harness/receiver.ts'
import { expect } from 'vitest'
import type { TestApp } from './support/test-app.ts'
import {
  dataOf,
  eventually,
  isDispatched,
  notificationsOf,
  numbersOf,
  serviceTest,
} from './support/service-fixtures.ts'
import { livingSubscriptions, pendingRemovals } from './support/stored-state.ts'

const test = serviceTest()

/** Names of the active subscriptions with this subject filter. */
const living = ({ db }: TestApp, subjectFilter: string) => livingSubscriptions(db, { subjectFilter })

const last = (subject: string) => ({ subject, data: 'last', deleteSubscriptionsMatchingSubject: true })

test('subscriptions of the subject are removed when every notification is settled, and match until then', async ({
  app,
  receiver,
  subject,
}) => {
  const failing = await startReceiver()
  let isFailing = true
  failing.decide(() => (isFailing ? 500 : undefined))
  await app.subscribe({ name: `${subject}-a`, addresses: [failing.url()], subjectFilter: subject })
  await app.subscribe({ name: `${subject}-b`, addresses: [receiver.url()], subjectFilter: subject })
  const uuid = await app.publish(last(subject))
  await receiver.take(1)
  await eventually(() => notificationsOf(app, uuid)).toMatchObject([{ state: 'waiting' }, { state: 'delivered' }])
  expect(await living(app, subject)).toEqual([`${subject}-a`, `${subject}-b`])

  await app.publish({ subject, data: 'meanwhile' })
  expect(dataOf(await receiver.take(1))).toEqual(['meanwhile'])

  isFailing = false
  await eventually(() => living(app, subject)).toEqual([])
  // What was matched meanwhile still goes out.
  await failing.waitFor((received) => dataOf(received).includes('meanwhile'))
  expect(await notificationsOf(app, uuid)).toMatchObject([{ state: 'delivered' }, { state: 'delivered' }])
  const tooLate = await app.publish({ subject, data: 'after' })
  await isDispatched(app, tooLate)
  expect(await notificationsOf(app, tooLate)).toEqual([])
  await failing.close()
})

test('a notification that is given up, or cancelled by a DELETE, counts as settled', async ({
  app,
  receiver,
  subject,
}) => {
  receiver.decide(({ path }) => (path === '/gone' ? 410 : 500))
  await app.subscribe({ name: `${subject}-gone`, addresses: [receiver.url('/gone')], subjectFilter: subject })
  await app.subscribe({
    name: `${subject}-dead`,
    addresses: [receiver.url('/dead')],
    subjectFilter: '*',
    typeFilter: 'jobs.REMOVAL.*',
  })
  const uuid = await app.publish({ ...last(subject), type: 'jobs.REMOVAL.X' })
  await eventually(() => notificationsOf(app, uuid)).toMatchObject([
    { state: 'given_up', httpStatus: 410 },
    { state: 'waiting' },
  ])
  expect(await living(app, subject)).toEqual([`${subject}-gone`])
  await app.client.call('DELETE', `/subscriptions/byName/${subject}-dead`)
  await eventually(() => living(app, subject)).toEqual([])
  expect(await notificationsOf(app, uuid)).toMatchObject([{ state: 'given_up' }, { state: 'cancelled' }])
})

test('`*`, other subjects and other tenants stay; disabled ones and other types of the subject are removed', async ({
  app,
  receiver,
  subject,
}) => {
  const asAdmin = { 'x-tapis-tenant': 'admin' }
  const addresses = [receiver.url()]
  await app.subscribe({ name: `${subject}-all`, addresses, subjectFilter: '*', typeFilter: 'jobs.SURVIVOR.*' })
  await app.subscribe({ name: `${subject}-longer`, addresses, subjectFilter: `${subject}-longer` })
  await app.subscribe({ name: `${subject}-admin`, addresses, subjectFilter: subject }, asAdmin)
  await app.subscribe({ name: `${subject}-disabled`, addresses, subjectFilter: subject, enabled: false })
  await app.subscribe({ name: `${subject}-type`, addresses, subjectFilter: subject, typeFilter: 'jobs.OTHER.*' })
  await app.subscribe({ name: `${subject}-mine`, addresses, subjectFilter: subject })
  expect(await living(app, subject)).toHaveLength(4)
  await app.publish({ ...last(subject), type: 'jobs.SURVIVOR.X' })
  expect(await receiver.take(2)).toHaveLength(2)
  await eventually(() => living(app, subject)).toEqual([`${subject}-admin`])
  expect(await living(app, `${subject}-longer`)).toHaveLength(1)
  expect(await app.client.call('GET', `/subscriptions/byName/${subject}-all`)).toMatchObject({ status: 200 })
})

test('a subscription that is created after the event was dispatched is left alone', async ({
  app,
  receiver,
  subject,
}) => {
  let isFailing = true
  receiver.decide(({ path }) => (isFailing && path === '/first' ? 500 : undefined))
  await app.subscribe({ name: `${subject}-first`, addresses: [receiver.url('/first')], subjectFilter: subject })
  await app.publish(last(subject))
  await receiver.take(1)
  await app.subscribe({ name: `${subject}-later`, addresses: [receiver.url('/later')], subjectFilter: subject })
  isFailing = false
  await eventually(() => living(app, subject)).toEqual([`${subject}-later`])
})

test('when nothing matches, the subscriptions are removed at once and the series ends', async ({
  app,
  receiver,
  subject,
}) => {
  await app.subscribe({
    name: `${subject}-a`,
    addresses: [receiver.url()],
    subjectFilter: subject,
    typeFilter: 'jobs.OTHER.*',
  })
  await app.publish({ subject, seriesId: 's' })
  await app.publish({ ...last(subject), seriesId: 's' })
  await eventually(() => living(app, subject)).toEqual([])
  await app.subscribe({ name: `${subject}-b`, addresses: [receiver.url()], subjectFilter: subject })
  await app.publish({ subject, seriesId: 's' })
  expect(numbersOf(await receiver.take(1))).toEqual([1])
})

test('the flag without a subject, or with the subject `*`, removes nothing', async ({ app, receiver, subject }) => {
  await app.subscribe({
    name: `${subject}-all`,
    addresses: [receiver.url()],
    subjectFilter: '*',
    typeFilter: 'jobs.NOTHING.*',
  })
  for (const of of [null, '*'])
    await app.publish({ subject: of, type: 'jobs.NOTHING.X', deleteSubscriptionsMatchingSubject: true })
  await receiver.take(2)
  await eventually(() => pendingRemovals(app.db)).toEqual([])
  expect(await app.client.call('GET', `/subscriptions/byName/${subject}-all`)).toMatchObject({ status: 200 })
})
