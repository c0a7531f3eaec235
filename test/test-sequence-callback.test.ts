import type { TestSequence } from '@tidings/contract/test-sequence.ts'
import { beforeEach, expect, test } from 'vitest'
import { createApiForFile, envelopeOf } from './support/test-api.ts'
import { fillTestSequence, stopTestSequence } from './support/stored-state.ts'

const api = createApiForFile()
let name = ''

beforeEach(async () => {
  name = (await envelopeOf<{ name: string }>(api.call('POST', '/test/begin'), 201)).result.name
})

const UUID = 'befe2475-58ad-4a5c-bcf2-593f04e49a20'
const EVENT = {
  source: 'https://tapis.io/notifications',
  type: 'notifications.test.begin',
  subject: null,
  data: null,
  seriesId: null,
  seriesSeqCount: 1,
  timestamp: '2024-03-15T15:11:23.947827477Z',
  deleteSubscriptionsMatchingSubject: false,
  endSeries: true,
  tenant: 'dev',
  user: 'jdoe',
  received: '2024-03-15T15:11:23.951002113Z',
  uuid: UUID,
}
const NOTIFICATION = {
  uuid: UUID,
  tenant: 'dev',
  subscriptionName: 'any',
  eventUuid: UUID,
  event: EVENT,
  deliveryTarget: { deliveryMethod: 'WEBHOOK', deliveryAddress: 'https://portal.example.org/hooks' },
  created: '2024-03-15T15:11:23.965413696Z',
}

const notify = (body: object | string = NOTIFICATION, path = name) =>
  api.call('POST', `/test/callback/${path}`, { as: 'nobody', body, headers: { 'content-type': 'application/json' } })

const progress = async () => (await envelopeOf<TestSequence>(api.call('GET', `/test/${name}`))).result

test('anybody may deliver, with and without a trailing slash, and the owner sees it', async () => {
  const { result, message } = await envelopeOf(notify())
  expect({ result, message }).toEqual({
    result: null,
    message: `NTFAPI_TEST_RECORD Notification recorded. Tenant: dev Owner: jdoe Subscription: ${name}`,
  })
  await envelopeOf(notify(NOTIFICATION, `${name}/`))
  const kept = { ...NOTIFICATION, event: { ...EVENT, source: 'notifications' } }
  expect(await progress()).toMatchObject({
    startCount: 1,
    notificationCount: 2,
    receivedNotifications: [kept, kept],
    receivedEvents: [kept.event, kept.event],
  })
})

test('what a notification may leave out is filled in, and what it does not have is dropped', async () => {
  const { source, type, timestamp, tenant, user, received, uuid } = EVENT
  const { deliveryTarget, created } = NOTIFICATION
  await envelopeOf(
    notify({
      uuid,
      tenant,
      subscriptionName: 'any',
      extra: [[1]],
      deliveryTarget: { ...deliveryTarget, domain: 'x' },
      created,
      event: { source, type, timestamp, tenant, user, received, uuid, data: '\u0000\ud800', extra: { a: 1 } },
    }),
  )
  const [kept] = (await progress()).receivedNotifications
  expect(kept).toEqual({
    ...NOTIFICATION,
    event: { ...EVENT, source: 'notifications', data: '\u0000\ud800', seriesSeqCount: -1, endSeries: false },
  })
})

const without = (member: string) => Object.fromEntries(Object.entries(NOTIFICATION).filter(([key]) => key !== member))
const withEvent = (changes: object) => ({ ...NOTIFICATION, event: { ...EVENT, ...changes } })

const REFUSED: readonly (readonly [what: string, body: object | string, words: RegExp])[] = [
  ['no body', '', /^TAPIS_JSON_VALIDATION_ERROR .*missing/s],
  ['no JSON', '{', /^TAPIS_JSON_VALIDATION_ERROR /],
  ['no object', '[]', /^TAPIS_JSON_VALIDATION_ERROR /],
  ...['uuid', 'tenant', 'subscriptionName', 'deliveryTarget', 'event', 'created'].map(
    (member) =>
      [
        `no ${member}`,
        without(member),
        new RegExp(`^TAPIS_JSON_VALIDATION_ERROR .*/${member} is missing`, 's'),
      ] as const,
  ),
  ['an empty tenant', { ...NOTIFICATION, tenant: '' }, /^TAPIS_JSON_VALIDATION_ERROR .*\/tenant/s],
  [
    'a name of 189 characters',
    { ...NOTIFICATION, subscriptionName: 'x'.repeat(189) },
    /^TAPIS_JSON_VALIDATION_ERROR .*\/subscriptionName/s,
  ],
  [
    'a target with a member more',
    { ...NOTIFICATION, deliveryTarget: { ...NOTIFICATION.deliveryTarget, more: 1 } },
    /^TAPIS_JSON_VALIDATION_ERROR .*\/deliveryTarget\/more/s,
  ],
  [
    'another method',
    { ...NOTIFICATION, deliveryTarget: { ...NOTIFICATION.deliveryTarget, deliveryMethod: 'FAX' } },
    /^TAPIS_JSON_VALIDATION_ERROR .*\/deliveryTarget\/deliveryMethod/s,
  ],
  ['a time that is none', { ...NOTIFICATION, created: 'yesterday' }, /^TAPIS_JSON_VALIDATION_ERROR .*\/created/s],
  [
    'a type of two sections',
    withEvent({ type: 'notifications.test' }),
    /^TAPIS_JSON_VALIDATION_ERROR .*\/event\/type/s,
  ],
  ['a user that is null', withEvent({ user: null }), /^TAPIS_JSON_VALIDATION_ERROR .*\/event\/user/s],
  ['no uuid', { ...NOTIFICATION, uuid: 'x' }, /^NTFAPI_TEST_NOTIF_UUID_ERR .*#1 \/uuid is not a uuid/s],
  [
    'no uuid of the event',
    withEvent({ uuid: undefined }),
    /^NTFAPI_TEST_EVENT_UUID_ERR .*#1 \/event\/uuid is missing/s,
  ],
  [
    'a blank tenant of the event',
    withEvent({ tenant: ' ' }),
    /^NTFAPI_TEST_USR_ERR .*#1 \/event\/tenant must not be blank/s,
  ],
  [
    'a user that cannot be stored',
    withEvent({ user: 'a\u0000' }),
    /^NTFAPI_TEST_USR_ERR .*#1 \/event\/user has a NUL/s,
  ],
  [
    'a bad time of receipt',
    withEvent({ received: '2024-13-45T99:00:00Z' }),
    /^NTFAPI_TEST_NOTIF_ERR .*#1 \/event\/received is not an instant/s,
  ],
]

test.each(REFUSED)('%s is 400, and nothing is counted', async (_what, body, words) => {
  expect((await envelopeOf(notify(body), 400)).message).toMatch(words)
  expect(await progress()).toMatchObject({ notificationCount: 0 })
})

test('all violations are named at once', async () => {
  const { message } = await envelopeOf(
    notify({ ...withEvent({ uuid: 'x', received: 'x', tenant: '', user: '\u0000' }), uuid: 'x' }),
    400,
  )
  expect(message.match(/#\d+ /g)).toHaveLength(5)
})

test.each([
  ['another name', () => notify(NOTIFICATION, 'absent')],
  ['another tenant', () => notify(withEvent({ tenant: 'other' }))],
  ['another owner', () => notify(withEvent({ user: 'msmith' }))],
])('a notification for %s is 404', async (_what, send) => {
  expect((await envelopeOf(send(), 404)).message).toMatch(/^NTFAPI_TEST_RECORD_NO_TEST /)
})

test('a sequence that has ended, or whose deletion has begun, accepts no more', async () => {
  await stopTestSequence(api.db, name)
  await envelopeOf(notify(), 404)
  await envelopeOf(api.call('DELETE', `/test/${name}`))
  await envelopeOf(notify(), 404)
})

test('a body over 64 KiB, or nested deeply, is rejected; any other is kept and can be read', async () => {
  const deep = (brackets: number) =>
    `${JSON.stringify(NOTIFICATION).slice(0, -1)},"extra":${'['.repeat(brackets)}${']'.repeat(brackets)}}`
  await envelopeOf(notify(deep(33_000)), 413)
  expect((await envelopeOf(notify(deep(30_000)), 400)).message).toContain('nested more than 32 levels deep')
  await envelopeOf(notify(deep(31)))
  expect((await progress()).receivedNotifications).toHaveLength(1)
  const inKnown = JSON.stringify(withEvent({ data: 'DEEP' })).replace('"DEEP"', '['.repeat(30_000) + ']'.repeat(30_000))
  await envelopeOf(notify(inKnown), 400)
})

test('200 concurrent ones are 200', async () => {
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, index) => notify(withEvent({ seriesSeqCount: index }))),
  )
  expect(answers.filter(({ status }) => status !== 200)).toEqual([])
  const { notificationCount, receivedNotifications } = await progress()
  expect(notificationCount).toBe(200)
  expect(receivedNotifications.map(({ event }) => event.seriesSeqCount).toSorted((a = 0, b = 0) => a - b)).toEqual(
    Array.from({ length: 200 }, (_, index) => index),
  )
})

test('1,000 are kept, in the order of their arrival, the others only counted', async () => {
  await fillTestSequence(api.db, name, 998)
  for (const seriesSeqCount of [1, 2, 3, 4]) await envelopeOf(notify(withEvent({ seriesSeqCount })))
  const { notificationCount, receivedEvents } = await progress()
  expect(notificationCount).toBe(1002)
  expect(receivedEvents.map(({ seriesSeqCount }) => seriesSeqCount)).toEqual([1, 2])
})

test('no more than 4 MiB are kept, the others only counted', async () => {
  const large = withEvent({ data: 'x'.repeat(60_000) })
  for (let sent = 0; sent < 80; sent += 20)
    await Promise.all(Array.from({ length: 20 }, () => envelopeOf(notify(large))))
  const { notificationCount, receivedNotifications } = await progress()
  expect(notificationCount).toBe(80)
  expect(receivedNotifications).toHaveLength(
    Math.floor(
      (4 * 1024 * 1024) / JSON.stringify({ ...large, event: { ...large.event, source: 'notifications' } }).length,
    ),
  )
})
