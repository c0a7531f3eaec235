import type { Subscription } from '@tidings/contract/subscription.ts'
import type { TestSequence } from '@tidings/contract/test-sequence.ts'
import type { Publish } from '@tidings/server/publish/publish.ts'
import { PublishError } from '@tidings/server/publish/publish-error.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { createApiForFile, envelopeOf, EVENT_UUID, type Published } from './support/test-api.ts'
import { eventually } from './support/service-fixtures.ts'
import { ALL_MEMBERS, createSubscriptionCalls } from './support/subscription-calls.ts'
import { createGate } from './support/stepwise-service.ts'
import { endReasons, livingSubscriptions, storedTestSequences } from './support/stored-state.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const unavailable = () => Promise.reject(new PublishError('not_stored', 'event'))

let published: Published[] = []
/** What the publish port does before it stores. */
let refusing: Partial<Publish> = {}

const publish: Publish = {
  async event(event, context) {
    await refusing.event?.(event, context)
    published.push({ event, context })
    return { uuid: EVENT_UUID }
  },
  async endSeries(series, context) {
    await refusing.endSeries?.(series, context)
    published.push({ series, context })
  },
  events: () => Promise.reject(new Error('a test sequence publishes one event at a time')),
}

const api = createApiForFile({ deps: () => ({ publish }), isEmptiedBeforeEach: true })
const { createNamed } = createSubscriptionCalls(api)

beforeEach(() => {
  refusing = {}
  published = []
})

async function begin(query = ''): Promise<Subscription> {
  const { result } = await envelopeOf<Subscription>(api.call('POST', `/test/begin${query}`), 201)
  return result
}

const progressOf = async (name: string) => (await envelopeOf<TestSequence>(api.call('GET', `/test/${name}`))).result
const rows = async () => ({
  sequences: (await storedTestSequences(api.db)).length,
  living: (await livingSubscriptions(api.db)).length,
})

describe('begin', () => {
  test('returns a subscription to its own callback, after the first event of its series was sent', async () => {
    const { result, message } = await envelopeOf<Subscription>(api.call('POST', '/test/begin'), 201)
    const { name } = result
    expect(name).toMatch(UUID)
    expect(message).toMatch(/^NTFAPI_TEST_BEGIN .*jwtUser: jobs OboTenant: dev OboUser: jdoe .*Subscription: /)
    expect(Object.keys(result)).toEqual(ALL_MEMBERS)
    expect(result).toMatchObject({
      tenant: 'dev',
      owner: 'jdoe',
      description: null,
      enabled: true,
      typeFilter: 'notifications.test.*',
      subjectFilter: name,
      ttlMinutes: 60,
      deliveryTargets: [
        { deliveryMethod: 'WEBHOOK', deliveryAddress: `${api.address}/v3/notifications/test/callback/${name}/` },
      ],
    })
    expect(published).toEqual([
      {
        event: {
          source: 'notifications',
          type: 'notifications.test.begin',
          subject: name,
          seriesId: name,
          data: null,
          timestamp: expect.any(String) as string,
          endSeries: true,
        },
        context: {
          tenant: 'dev',
          user: 'jdoe',
          service: 'notifications test sequence',
          idempotencyKey: `${name} 1`,
          contentMayDiffer: true,
        },
      },
    ])
    expect(await progressOf(name)).toMatchObject({ startCount: 1, notificationCount: 0 })
  })

  test('the parameters take effect: no expiry, several events, an open series', async () => {
    const { name, expiry } = await begin('?subscriptionTTL=0&numberOfEvents=5&endSeries=false')
    expect(expiry).toBeNull()
    expect(await progressOf(name)).toMatchObject({ startCount: 5 })
    expect(published[0]?.event?.endSeries).toBe(false)
  })

  test.each(['', '{}', 'null', '[1, 2]', '"text"', '{"numberOfEvents": 0}'])(
    'a body of %s is ignored',
    async (body) => {
      expect(
        (await api.call('POST', '/test/begin', { body, headers: { 'content-type': 'application/json' } })).status,
      ).toBe(201)
    },
  )

  test('everything wrong is named at once, and nothing is written', async () => {
    const { message } = await envelopeOf(
      api.call('POST', '/test/begin?subscriptionTTL=soon&numberOfEvents=1001&endSeries=1'),
      400,
    )
    expect(message).toMatch(
      /^NTFAPI_TEST_ERR1 [^]*#1 .*subscriptionTTL.*soon\n.*#2 .*numberOfEvents.*from 1 to 1000.*\n.*#3 .*endSeries/,
    )
    expect(await rows()).toEqual({ sequences: 0, living: 0 })
    expect(published).toEqual([])
  })

  test('users are rejected before their body is read', async () => {
    const tooLarge = 'x'.repeat(2 * 1024 * 1024)
    await envelopeOf(
      api.call('POST', '/test/begin', { body: tooLarge, headers: { 'content-type': 'application/json' } }),
      413,
    )
    await envelopeOf(
      api.call('POST', '/test/begin', { as: 'user', body: tooLarge, headers: { 'content-type': 'application/json' } }),
      401,
    )
    expect(await rows()).toEqual({ sequences: 0, living: 0 })
  })

  test('an event that is not stored is a 503, and leaves no subscription and no sequence', async () => {
    refusing = { event: unavailable }
    await envelopeOf(api.call('POST', '/test/begin?subscriptionTTL=0'), 503)
    expect(await rows()).toEqual({ sequences: 0, living: 0 })
  })
})

describe('get', () => {
  test('shows the members of the original and those of its document', async () => {
    const subscription = await begin('?numberOfEvents=2')
    const progress = await progressOf(subscription.name)
    expect(Object.keys(progress)).toEqual([
      'tenant',
      'owner',
      'subscriptionName',
      'startCount',
      'notificationCount',
      'receivedNotifications',
      'created',
      'updated',
      'subscription',
      'receivedEvents',
    ])
    expect(progress).toMatchObject({
      tenant: 'dev',
      owner: 'jdoe',
      subscriptionName: subscription.name,
      startCount: 2,
      notificationCount: 0,
      receivedNotifications: [],
      receivedEvents: [],
      subscription,
    })
    expect(Date.parse(progress.created)).toBeGreaterThan(Date.now() - 60_000)
  })

  test('is 404 for what is not a sequence, is of another user, or has ended; users see their own', async () => {
    const { name } = await begin()
    await createNamed('plain')
    await envelopeOf(api.call('GET', `/test/${name}`, { as: 'user' }))
    const refused = [
      { path: 'plain' },
      { path: name, user: 'msmith' },
      { path: name, tenant: 'other' },
      { path: name, user: 'msmith', as: 'user' as const },
    ]
    for (const { path, ...options } of refused)
      expect((await envelopeOf(api.call('GET', `/test/${path}`, options), 404)).message).toMatch(/^NTFAPI_NOT_FOUND /)
    await envelopeOf(api.call('DELETE', `/subscriptions/byName/${name}`))
    await envelopeOf(api.call('GET', `/test/${name}`), 404)
  })
})

describe('delete', () => {
  const remove = (name: string, options = {}) =>
    envelopeOf<{ changes: number }>(api.call('DELETE', `/test/${name}`, options))

  test('ends the subscription and the series, removes what was received, once', async () => {
    const { name } = await begin()
    expect((await remove(name)).result).toEqual({ changes: 1 })
    expect(published.at(-1)).toEqual({
      series: { source: 'notifications', subject: name, seriesId: name },
      context: { tenant: 'dev', user: 'jdoe', service: 'notifications test sequence' },
    })
    expect(await rows()).toEqual({ sequences: 0, living: 0 })
    expect(await endReasons(api.db)).toEqual(['deleted'])
    const again = await remove(name)
    expect(again).toMatchObject({
      result: { changes: 0 },
      message: expect.stringMatching(/^NTFAPI_TEST_DELETE /) as string,
    })
  })

  test('of several at once, one has deleted it, even if another finishes what the first has begun', async () => {
    const { name } = await begin()
    const gate = createGate()
    let waiting = 0
    refusing = {
      endSeries() {
        waiting += 1
        return gate.opened
      },
    }
    const first = remove(name)
    await eventually(() => waiting).toBe(1)
    const others = Array.from({ length: 4 }, () => remove(name))
    await eventually(() => waiting).toBe(5)
    gate.open()
    const answers = await Promise.all([first, ...others])
    expect(answers.map(({ result }) => result.changes).toSorted()).toEqual([0, 0, 0, 0, 1])
  })

  test('an absent or foreign one is no change; any other subscription is 400; users are rejected', async () => {
    const { name } = await begin()
    await createNamed('plain')
    expect((await remove('absent')).result).toEqual({ changes: 0 })
    expect((await remove(name, { user: 'msmith' })).result).toEqual({ changes: 0 })
    expect((await envelopeOf(api.call('DELETE', '/test/plain'), 400)).message).toMatch(/^NTFLIB_TEST_DEL_NOT_SEQ /)
    await envelopeOf(api.call('DELETE', `/test/${name}`, { as: 'user' }), 401)
    expect(await rows()).toEqual({ sequences: 1, living: 2 })
  })

  test('after a failure in the middle the subscription is ended, and a repetition finishes the work', async () => {
    const { name } = await begin()
    refusing = { endSeries: unavailable }
    await envelopeOf(api.call('DELETE', `/test/${name}`), 503)
    expect(await rows()).toEqual({ sequences: 1, living: 0 })
    await envelopeOf(api.call('GET', `/test/${name}`), 404)
    refusing = {}
    expect((await remove(name)).result).toEqual({ changes: 1 })
    expect(await rows()).toEqual({ sequences: 0, living: 0 })
  })
})
