import type { EventReport, NotMatched, NotificationReport } from '@tidings/contract/sight.ts'
import { findFreePort } from '@tidings/harness/free-port.ts'
import { expect, onTestFinished } from 'vitest'
import { startApp, type TestApp, type TestSubscription } from './support/test-app.ts'
import { countVersions, expireSubscriptions, forgetVersions } from './support/stored-state.ts'
import { eventually, isDispatched, serviceTest } from './support/service-fixtures.ts'

const test = serviceTest({ TIDINGS_ALLOW_ADDRESSES: '127.0.0.1/32' })

async function reportOf(app: TestApp, uuid: string, query = ''): Promise<EventReport> {
  const { status, body } = await app.client.call('GET', `/events/${uuid}${query}`)
  expect(status).toBe(200)
  return body?.result as EventReport
}

/** Publishes an event, waits for its dispatch, and asks why this subscription got nothing. */
async function whyNothingCame(app: TestApp, subject: string, name: string): Promise<NotMatched | undefined> {
  const uuid = await app.publish({ subject, type: 'jobs.STATUS.RUNNING' })
  await isDispatched(app, uuid)
  const report = await reportOf(app, uuid, `?subscription=${name}`)
  expect(report.notMatched.length).toBeLessThan(2)
  return report.notMatched[0]
}

const FILTERS: readonly (readonly [string, Partial<TestSubscription>, readonly string[], RegExp])[] = [
  ['another service', { typeFilter: 'apps.*.*' }, ['type_service'], /service apps, the event has jobs/],
  ['another category', { typeFilter: 'jobs.OTHER.*' }, ['type_category'], /category OTHER, the event has STATUS/],
  ['another detail', { typeFilter: 'jobs.STATUS.FAILED' }, ['type_detail'], /detail FAILED, the event has RUNNING/],
  ['another subject', { subjectFilter: 'nothing' }, ['subject'], /subject filter is nothing/],
  ['a star within a subject', { subjectFilter: 'subject-*' }, ['subject'], /subject-\*/],
  ['born disabled', { enabled: false }, ['disabled'], /disabled/],
]

test.for(FILTERS)('nothing came: %s', async ([, change, reasons, explanation], { app, subject }) => {
  const name = await app.subscribe({ addresses: ['http://127.0.0.1:9/'], subjectFilter: subject, ...change })
  const why = await whyNothingCame(app, subject, name)
  expect(why).toMatchObject({ subscription: { owner: 'jdoe', name }, reasons })
  expect(why?.explanation).toMatch(explanation)
})

test('nothing came: the subject has other letters', async ({ app, subject }) => {
  const name = await app.subscribe({ addresses: ['http://127.0.0.1:9/'], subjectFilter: subject.toUpperCase() })
  expect(await whyNothingCame(app, subject, name)).toMatchObject({ reasons: ['subject_case'] })
  const uuid = await app.publish({ subject })
  await isDispatched(app, uuid)
  const [nearest] = (await reportOf(app, uuid)).notMatched
  expect(nearest, 'the nearest comes first').toMatchObject({ subscription: { name }, reasons: ['subject_case'] })
})

test('nothing came: it was disabled at that time, although it is enabled now', async ({ app, subject, receiver }) => {
  const name = await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  await app.client.call('POST', `/subscriptions/${name}/disable`)
  const uuid = await app.publish({ subject })
  await isDispatched(app, uuid)
  await app.client.call('POST', `/subscriptions/${name}/enable`)
  expect((await reportOf(app, uuid, `?subscription=${name}`)).notMatched).toMatchObject([{ reasons: ['disabled'] }])
  expect(await countVersions(app.db, name)).toBe(3)
})

test('nothing came: the filter of that time did not fit, although the one of now does', async ({ app, subject }) => {
  const name = await app.subscribe({ addresses: ['http://127.0.0.1:9/'], subjectFilter: `${subject}-before` })
  const uuid = await app.publish({ subject })
  await isDispatched(app, uuid)
  await app.client.call('PATCH', `/subscriptions/byName/${name}`, { subjectFilter: subject })
  await app.client.call('PATCH', `/subscriptions/byName/${name}`, { description: 'no filter' })
  expect((await reportOf(app, uuid, `?subscription=${name}`)).notMatched).toMatchObject([
    { reasons: ['subject'], subjectFilter: `${subject}-before` },
  ])
  expect(await countVersions(app.db, name)).toBe(2)
})

test('nothing came: it had expired', async ({ app, subject }) => {
  const name = await app.subscribe({ addresses: ['http://127.0.0.1:9/'], subjectFilter: subject })
  await expireSubscriptions(app.db, { name, agoS: 10 })
  expect(await whyNothingCame(app, subject, name)).toMatchObject({ reasons: ['expired'] })
})

test('nothing came: it was created later', async ({ app, subject }) => {
  const uuid = await app.publish({ subject })
  await isDispatched(app, uuid)
  const name = await app.subscribe({ addresses: ['http://127.0.0.1:9/'], subjectFilter: subject })
  expect((await reportOf(app, uuid, `?subscription=${name}`)).notMatched).toMatchObject([
    { reasons: ['created_later'] },
  ])
})

test('nothing came: it had been deleted', async ({ app, subject }) => {
  const name = await app.subscribe({ addresses: ['http://127.0.0.1:9/'], subjectFilter: subject })
  await app.client.call('DELETE', `/subscriptions/byName/${name}`)
  expect(await whyNothingCame(app, subject, name)).toMatchObject({ reasons: ['ended'] })
})

test('nothing came: what held at that time is not known any more', async ({ app, subject }) => {
  const name = await app.subscribe({ addresses: ['http://127.0.0.1:9/'], subjectFilter: `${subject}-before` })
  const uuid = await app.publish({ subject })
  await isDispatched(app, uuid)
  await app.client.call('PATCH', `/subscriptions/byName/${name}`, { subjectFilter: subject })
  await forgetVersions(app.db, name)
  expect((await reportOf(app, uuid, `?subscription=${name}`)).notMatched).toMatchObject([{ reasons: ['not_known'] }])
})

test('nothing came: a subscription of another tenant is not even named', async ({ app, subject }) => {
  const elsewhere = await app.subscribe(
    { addresses: ['http://127.0.0.1:9/'], subjectFilter: subject },
    { 'x-tapis-tenant': 'admin' },
  )
  expect(await whyNothingCame(app, subject, elsewhere)).toBeUndefined()
})

const closed = async () => `http://127.0.0.1:${await findFreePort()}/`
const TARGETS: readonly (readonly [string, (plain: string) => string | Promise<string>, string, number?])[] = [
  ['the address is refused by the guard', () => 'http://10.1.2.3/', 'address_refused'],
  ['its name does not resolve', () => 'http://nobody.invalid/', 'dns'],
  ['nobody listens', closed, 'connect_refused'],
  ['no TLS there', (plain) => plain.replace('http:', 'https:'), 'tls'],
  ['4xx', (plain) => plain, 'http_404', 404],
  ['5xx', (plain) => plain, 'http_503', 503],
]

test.for(TARGETS)('nothing came: %s', async ([, addressOf, reason, httpStatus], { app, subject, receiver }) => {
  if (httpStatus !== undefined) receiver.decide(() => httpStatus)
  const address = await addressOf(receiver.url())
  const name = await app.subscribe({ addresses: [address], subjectFilter: subject })
  const uuid = await app.publish({ subject })
  const failed = (report: EventReport): NotificationReport | undefined => report.notifications[0]
  await eventually(async () => failed(await reportOf(app, uuid))?.lastAttempts.length ?? 0).toBeGreaterThan(0)
  const notification = failed(await reportOf(app, uuid))
  expect(notification).toMatchObject({ state: 'waiting', subscription: { name } })
  expect(notification?.lastAttempts[0]).toMatchObject({ outcome: 'failed', reason, httpStatus: httpStatus ?? null })
  await app.client.call('DELETE', `/subscriptions/byName/${name}`)
})

test('nothing came: there is no dispatcher', async () => {
  const api = await startApp({ env: { TIDINGS_ROLE: 'api' } })
  onTestFinished(() => api.stop())
  const name = await api.subscribe({ addresses: ['http://127.0.0.1:9/'], typeFilter: 'apps.*.*' })
  const [first, second] = [await api.publish({ subject: 's' }), await api.publish({ subject: 's' })]
  expect(await reportOf(api, first)).toMatchObject({ state: 'stored', reason: 'no_dispatcher', before: null })
  expect(await reportOf(api, second)).toMatchObject({
    state: 'stored',
    reason: 'no_dispatcher',
    dispatched: null,
    before: null,
    notifications: [],
    notMatched: [{ subscription: { name }, reasons: ['type_service'] }],
  })
})
