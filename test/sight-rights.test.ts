import type { EventReport } from '@tidings/contract/sight.ts'
import { startReceiver, type Receiver } from '@tidings/harness/receiver.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { checkResponse } from './support/response-checks.ts'
import { rawHeadersOf, sendExactRequest } from './support/exact-request.ts'
import { callersOf, startTwoSites, type TwoSites } from './support/two-sites.ts'
import { dispatchedEvents } from './support/stored-state.ts'
import type { CallerHeaders } from './support/irregular-callers.ts'

const UNKNOWN = '5f0c5a0e-7c0b-4d1e-9f0a-3f2b8f1d6a10'
const DATA = 'what only receivers read'

let sites: TwoSites
let receiver: Receiver
/** Of `ta`, to a subscription of bob and one of carol; to one of carol alone. */
let shared = ''
let ofCarol = ''
beforeAll(async () => {
  sites = await startTwoSites({ TIDINGS_OPERATORS: 'tb:olga,tb:paul=read+payloads,watch=read,tb:act=act' })
  receiver = await startReceiver()
  const { service } = callersOf(sites)
  for (const [owner, subjectFilter] of [
    ['bob', 'shared'],
    ['carol', 'shared'],
    ['carol', 'of-carol'],
    ['carol', 'never'],
    ['bob', 'never'],
  ] as const) {
    const { status } = await ask('POST', '/subscriptions', service('ta', owner), {
      name: `${owner}-${subjectFilter}`,
      typeFilter: 'jobs.*.*',
      subjectFilter,
      deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: receiver.url(`/token-of-${owner}`) }],
    })
    expect(status).toBe(201)
  }
  shared = await publish('shared')
  ofCarol = await publish('of-carol')
  await vi.waitFor(async () => expect(await dispatchedEvents(sites.db)).toHaveLength(2), { timeout: 20_000 })
})
afterAll(async () => {
  await sites.stop()
  await receiver.close()
})

async function ask(method: string, path: string, headers: CallerHeaders, body?: object) {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const answer = await sendExactRequest(sites.url, method, path, rawHeadersOf(sites.url, headers, text), text)
  await checkResponse({
    method,
    url: `${sites.url}/v3/notifications${path}`,
    status: answer.status,
    contentType: answer.contentType,
    text: answer.text,
  })
  return answer
}

async function publish(subject: string): Promise<string> {
  const event = { source: 's', type: 'jobs.a.b', timestamp: 't', subject, seriesId: 'one', data: DATA }
  const { envelope } = await ask('POST', '/events/publish', callersOf(sites).service('ta', 'jobs'), event)
  return (envelope.result as { uuid: string }).uuid
}

const look = (path: string, headers: CallerHeaders) => ask('GET', path, headers)
const reportIn = (answer: Awaited<ReturnType<typeof ask>>) => answer.envelope.result as EventReport

test('a user sees the own notifications and subscriptions of an event, and nothing of the others', async () => {
  const answer = await look(`/events/${shared}`, callersOf(sites).user('bob', 'ta'))
  const { notifications, notMatched, event } = reportIn(answer)
  expect(event.data).toBe(DATA)
  expect(notifications.map(({ subscription }) => subscription.name)).toEqual(['bob-shared'])
  expect(notifications[0]?.target.deliveryAddress).toBe(receiver.url('/token-of-bob'))
  expect(notMatched.map(({ subscription }) => subscription.name)).toEqual(['bob-never'])
  expect(answer.text).not.toContain('carol')
})

test('an event that hit no subscription of a user is not there for the user, whoever else it hit', async () => {
  const { user } = callersOf(sites)
  const withoutUuid = ({ text }: { text: string }, uuid: string) => text.replaceAll(uuid, '')
  const absent = await look(`/events/${UNKNOWN}`, user('bob', 'ta'))
  expect(absent.status).toBe(404)
  for (const [path, caller] of [
    [ofCarol, user('bob', 'ta')],
    [shared, user('dave', 'ta')],
  ] as const) {
    const answer = await look(`/events/${path}`, caller)
    expect(answer.status).toBe(404)
    expect(withoutUuid(answer, path).replaceAll('dave', 'bob')).toBe(withoutUuid(absent, UNKNOWN))
  }
  expect((await look(`/events/${shared}`, user('bob', 'tb'))).status).toBe(404)
  expect((await look(`/events/${shared}`, callersOf(sites).service('tb', 'bob'))).status).toBe(404)
})

test('services and administrators see the tenant, without the addresses of others', async () => {
  const { user, service } = callersOf(sites)
  for (const caller of [user('alice', 'ta'), service('ta', 'nobody')]) {
    const answer = await look(`/events/${shared}`, caller)
    const { notifications } = reportIn(answer)
    expect(notifications.map(({ subscription }) => subscription.owner).sort()).toEqual(['bob', 'carol'])
    expect(notifications.map(({ target }) => target.deliveryAddress)).toEqual([null, null])
    expect(notifications[0]?.target.origin).toBe(new URL(receiver.url()).origin)
    expect(answer.text).not.toContain('token-of')
  }
  const forBob = reportIn(await look(`/events/${shared}`, service('ta', 'bob'))).notifications
  expect(forBob.map(({ target }) => target.deliveryAddress).filter((address) => address !== null)).toEqual([
    receiver.url('/token-of-bob'),
  ])
})

test('operators see the tenant that they name: no addresses, and data only with the grant', async () => {
  const { user, service } = callersOf(sites)
  const plain = await look(`/events/${shared}?tenant=ta`, user('olga', 'tb'))
  expect(reportIn(plain).event).toMatchObject({ data: null, isDataShown: false })
  expect(reportIn(plain).notifications).toHaveLength(2)
  expect(plain.text).not.toContain('token-of')
  expect(plain.text).not.toContain(DATA)
  expect(reportIn(await look(`/events/${shared}?tenant=ta`, user('paul', 'tb'))).event.data).toBe(DATA)
  expect((await look(`/events/${shared}?tenant=ta`, service('tb', 'x', 'watch'))).status).toBe(200)
  expect((await look(`/events/${shared}`, user('olga', 'tb'))).status).toBe(404)
  expect((await look(`/events/${shared}?tenant=nope`, user('olga', 'tb'))).status).toBe(404)
})

test('who is no operator may not name another tenant, whether the event is there or not', async () => {
  const { user, service } = callersOf(sites)
  for (const caller of [
    user('bob', 'tb'),
    user('olga', 'ta'),
    user('alice', 'ta'),
    service('tb', 'olga'),
    user('act', 'tb'),
  ])
    for (const uuid of [shared, UNKNOWN]) {
      const { status, envelope } = await look(`/events/${uuid}?tenant=tx`, caller)
      expect([status, envelope.message.split(' ')[0]]).toEqual([401, 'NTFAPI_OPERATOR_UNAUTH'])
    }
  const named = await look(`/events/${shared}?subscription=carol-shared&ownedBy=carol`, user('bob', 'ta'))
  expect([named.status, named.envelope.message.split(' ')[0]]).toEqual([401, 'NTFLIB_UNAUTH2'])
})

test('no list and no filter shows a user anything of another owner', async () => {
  const { user, service } = callersOf(sites)
  const all = reportIn(await look(`/events/${ofCarol}`, service('ta', 'carol'))).notifications[0]
  expect(all?.subscription.owner).toBe('carol')
  const filters = [
    '/notifications',
    ...['waiting', 'delivered', 'given_up', 'cancelled'].map((state) => `/notifications?state=${state}`),
    `/notifications?event=${ofCarol}`,
    `/notifications?event=${shared}`,
    `/notifications?subscription=${all?.subscription.uuid}`,
    `/notifications?target=${all?.target.id}`,
    '/notifications?source=s&subject=of-carol&seriesId=one',
    '/events?subject=of-carol',
    '/events?subject=shared',
    '/series?source=s&subject=of-carol&seriesId=one',
    '/series?source=s&subject=shared&seriesId=one',
    '/targets',
    '/targets?failing=true',
  ]
  for (const path of filters) {
    const answer = await look(path, user('bob', 'ta'))
    expect([path, answer.status]).toEqual([path, 200])
    expect(answer.text).not.toMatch(/carol/)
    for (const query of ['ownedBy=carol', 'anyOwner=true', 'tenant=tb']) {
      const { status } = await look(`${path}${path.includes('?') ? '&' : '?'}${query}`, user('bob', 'ta'))
      expect([path, query, status]).toEqual([path, query, 401])
    }
  }
  expect((await look('/subscriptions/byName/carol-shared/deliveries', user('bob', 'ta'))).status).toBe(404)
  const own = await look('/notifications?event=' + shared, user('bob', 'ta'))
  expect((own.envelope.result as { notifications: unknown[] }).notifications).toHaveLength(1)
  const tenant = await look(`/notifications?event=${shared}&anyOwner=true`, user('alice', 'ta'))
  expect((tenant.envelope.result as { notifications: unknown[] }).notifications).toHaveLength(2)
})

test('the status is for operators who may read', async () => {
  const { user, service } = callersOf(sites)
  expect((await look('/status', user('olga', 'tb'))).status).toBe(200)
  expect((await look('/status', service('ta', 'x', 'watch'))).status).toBe(200)
  for (const caller of [user('alice', 'ta'), user('act', 'tb'), service('tb', 'olga'), user('olga', 'ta')])
    expect((await look('/status', caller)).status).toBe(401)
})
