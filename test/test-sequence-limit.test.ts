import type { Subscription } from '@tidings/contract/subscription.ts'
import type { Publish } from '@tidings/server/publish/publish.ts'
import { PublishError } from '@tidings/server/publish/publish-error.ts'
import { expect, test } from 'vitest'
import { createApiForFile, envelopeOf, EVENT_UUID, startApiForTest, type CallOptions } from './support/test-api.ts'
import { ageTestSequence, expireSubscriptions, finishTestSequence, resetTestSequence } from './support/stored-state.ts'

let isBrokerAway = false
const publish: Publish = {
  event: () =>
    isBrokerAway ? Promise.reject(new PublishError('not_stored', 'event')) : Promise.resolve({ uuid: EVENT_UUID }),
  endSeries: () => Promise.resolve(),
  events: () => Promise.reject(new Error('a test sequence publishes one event at a time')),
}
const parts = () => ({ publish })
const api = createApiForFile({ deps: parts, isEmptiedBeforeEach: true })

const begin = (options: CallOptions = {}, query = 'numberOfEvents=1000', door: Pick<typeof api, 'call'> = api) =>
  door.call('POST', `/test/begin?${query}`, options)
const begun = async (options: CallOptions = {}, query?: string) =>
  (await envelopeOf<Subscription>(begin(options, query), 201)).result.name
const beginMany = async (count: number, options: CallOptions = {}) => {
  for (let index = 0; index < count; index += 1) await begun(options)
}

async function expectRefused(response: Promise<Response>, details: string, retryAfter: string): Promise<void> {
  const settled = await response
  expect((await envelopeOf(settled, 429)).message).toMatch(new RegExp(`^NTFAPI_TEST_TOO_MANY .*${details}$`))
  expect(settled.headers.get('retry-after')).toBe(retryAfter)
}

test('20 sequences run for one user, and not one more; others of the tenant can begin theirs', async () => {
  await beginMany(20)
  await expectRefused(begin(), 'Running: 20 Limit: 20 for one user', '60')
  await expectRefused(begin({}, 'numberOfEvents=1'), 'Running: 20 Limit: 20 for one user', '60')
  await begun({ user: 'other' })
  await begun({ tenant: 'other' })
})

test('100 run in a tenant, whoever they are for; other tenants can begin theirs', async () => {
  for (const user of ['a', 'b', 'c', 'd', 'e']) await beginMany(20, { user })
  await expectRefused(begin({ user: 'f' }), 'Running: 100 Limit: 100 for one tenant', '60')
  await begun({ user: 'f', tenant: 'other' })
})

test.each<[string, (name: string) => Promise<unknown>]>([
  ['has published its last event', (name) => finishTestSequence(api.db, name)],
  ['was deleted', (name) => envelopeOf(api.call('DELETE', `/test/${name}`))],
  ['has lost its subscription', (name) => envelopeOf(api.call('DELETE', `/subscriptions/byName/${name}`))],
  ['has expired', (name) => expireSubscriptions(api.db, { name })],
  [
    'was cut off while it began',
    async (name) => {
      await resetTestSequence(api.db, name)
      await ageTestSequence(api.db, name, 31)
    },
  ],
])('one that %s does not count', async (_what, end) => {
  const name = await begun()
  await beginMany(19)
  await expectRefused(begin(), '20 for one user', '60')
  await end(name)
  await begun()
  await expectRefused(begin(), '20 for one user', '60')
})

test('a disabled one, or one that is just beginning, counts', async () => {
  const name = await begun()
  await beginMany(19)
  await envelopeOf(api.call('POST', `/subscriptions/${name}/disable`))
  await resetTestSequence(api.db, name)
  await expectRefused(begin(), '20 for one user', '60')
})

test('Retry-After is when the first of them can finish', async () => {
  await begun({}, 'numberOfEvents=4')
  await beginMany(19)
  await expectRefused(begin(), '20 for one user', '9')
})

test('a sequence of one event is over when it has begun: there may be any number', async () => {
  for (let count = 0; count < 25; count += 1) await begun({}, 'numberOfEvents=1')
})

test('a failed begin no longer counts', async () => {
  isBrokerAway = true
  for (let count = 0; count < 21; count += 1) await envelopeOf(begin(), 503)
  isBrokerAway = false
  await begun()
})

test('simultaneous begins are counted together, over several apis', async () => {
  const other = await startApiForTest({ ...parts(), db: api.db })
  const statuses = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const response = await begin({}, 'numberOfEvents=1000', index % 2 === 0 ? api : other)
      await response.arrayBuffer()
      return response.status
    }),
  )
  expect(statuses.filter((status) => status === 201)).toHaveLength(20)
  expect(statuses.filter((status) => status === 429)).toHaveLength(40)
})
