import type { Subscription } from '@tidings/contract/subscription.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { AppError } from '@tidings/server/errors.ts'
import type { Publish } from '@tidings/server/publish/publish.ts'
import { expect, test } from 'vitest'
import { createApiForFile, envelopeOf, EVENT_UUID, startApiForTest, type CallOptions } from './support/api.ts'

let isBrokerAway = false
const publish: Publish = {
  event: () => (isBrokerAway ? Promise.reject(new AppError('NTFAPI_EVENT_POST_ERR', { retryAfterS: 1 })) : Promise.resolve({ uuid: EVENT_UUID })),
  endSeries: () => Promise.resolve(),
}
const parts = () => ({ publish })
const api = createApiForFile({ parts, isEmptiedBeforeEach: true })

const begin = (options: CallOptions = {}, query = 'numberOfEvents=1000', door: Pick<typeof api, 'call'> = api) => door.call('POST', `/test/begin?${query}`, options)
const begun = async (options: CallOptions = {}, query?: string) => (await envelopeOf<Subscription>(begin(options, query), 201)).result.name
const beginMany = async (count: number, options: CallOptions = {}) => {
  for (let index = 0; index < count; index += 1) await begun(options)
}

async function expectRefused(response: Promise<Response>, details: string, retryAfter: string): Promise<void> {
  const settled = await response
  expect((await envelopeOf(settled, 429)).message).toMatch(new RegExp(`^NTFAPI_TEST_TOO_MANY .*${details}$`))
  expect(settled.headers.get('retry-after')).toBe(retryAfter)
}

test('20 sequences run for one user, and not one more; others of the tenant begin theirs', async () => {
  await beginMany(20)
  await expectRefused(begin(), 'Running: 20 Most for one: user 20', '60')
  await expectRefused(begin({}, 'numberOfEvents=1'), 'Running: 20 Most for one: user 20', '60')
  await begun({ user: 'other' })
  await begun({ tenant: 'other' })
})

test('100 run in a tenant, whoever they are for; other tenants begin theirs', async () => {
  for (const user of ['a', 'b', 'c', 'd', 'e']) await beginMany(20, { user })
  await expectRefused(begin({ user: 'f' }), 'Running: 100 Most for one: tenant 100', '60')
  await begun({ user: 'f', tenant: 'other' })
})

test.each<[string, (name: string) => Promise<unknown>]>([
  ['has published its last event', (name) => api.db.query(sql`update test_sequence set published = start_count from subscription where id = subscription_id and name = ${name}`)],
  ['was deleted', (name) => envelopeOf(api.call('DELETE', `/test/${name}`))],
  ['has lost its subscription', (name) => envelopeOf(api.call('DELETE', `/subscriptions/byName/${name}`))],
  ['has expired', (name) => api.db.query(sql`update subscription set expiry = now() - interval '1 second' where name = ${name}`)],
  ['was cut off while it began', (name) => api.db.query(sql`
    update test_sequence set published = 0, next_due = null, created = now() - interval '31 seconds' from subscription where id = subscription_id and name = ${name}`)],
])('one that %s does not count', async (_what, end) => {
  const name = await begun()
  await beginMany(19)
  await expectRefused(begin(), 'user 20', '60')
  await end(name)
  await begun()
  await expectRefused(begin(), 'user 20', '60')
})

test('one that is disabled, or just beginning, counts', async () => {
  const name = await begun()
  await beginMany(19)
  await envelopeOf(api.call('POST', `/subscriptions/${name}/disable`))
  await api.db.query(sql`update test_sequence set published = 0, next_due = null from subscription where id = subscription_id and name = ${name}`)
  await expectRefused(begin(), 'user 20', '60')
})

test('Retry-After is when the first of them can be over', async () => {
  await begun({}, 'numberOfEvents=4')
  await beginMany(19)
  await expectRefused(begin(), 'user 20', '9')
})

test('a sequence of one event is over when it has begun: there may be any number', async () => {
  for (let count = 0; count < 25; count += 1) await begun({}, 'numberOfEvents=1')
})

test('a begin that fails counts no more', async () => {
  isBrokerAway = true
  for (let count = 0; count < 21; count += 1) await envelopeOf(begin(), 503)
  isBrokerAway = false
  await begun()
})

test('begins of the same moment are counted together, over several apis', async () => {
  const other = await startApiForTest({ ...parts(), db: api.db })
  const statuses = await Promise.all(Array.from({ length: 60 }, async (_, index) => {
    const response = await begin({}, 'numberOfEvents=1000', index % 2 === 0 ? api : other)
    await response.arrayBuffer()
    return response.status
  }))
  expect(statuses.filter((status) => status === 201)).toHaveLength(20)
  expect(statuses.filter((status) => status === 429)).toHaveLength(40)
})
