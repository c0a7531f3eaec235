import { createSightLooks, type SightLooks } from '@tidings/server/api/sight/sight-looks.ts'
import { parseQuery } from '@tidings/server/api/http/query.ts'
import type { Caller } from '@tidings/server/api/auth/caller.ts'
import { startReceiver, type Receiver } from '@tidings/harness/receiver.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { CallerHeaders } from './support/irregular-callers.ts'
import { rawHeadersOf, sendExactRequest } from './support/exact-request.ts'
import { dispatchedEvents } from './support/stored-state.ts'
import { createTestDatabase } from './support/test-database.ts'
import { callersOf, startTwoSites, type TwoSites } from './support/two-sites.ts'

const EVENTS = 4

let sites: TwoSites
let receiver: Receiver
beforeAll(async () => {
  sites = await startTwoSites({ TIDINGS_OPERATORS: 'tb:olga' })
  receiver = await startReceiver()
  const { service } = callersOf(sites)
  for (const owner of ['bob', 'carol'])
    await ask('POST', '/subscriptions', service('ta', owner), {
      name: `of-${owner}`,
      typeFilter: 'jobs.*.*',
      subjectFilter: `for-${owner}`,
      deliveryTargets: ['/one', '/two'].map((path) => ({
        deliveryMethod: 'WEBHOOK',
        deliveryAddress: receiver.url(path),
      })),
    })
  for (let number = 0; number < EVENTS; number += 1)
    for (const owner of ['bob', 'carol'])
      await ask('POST', '/events/publish', service('ta', 'jobs'), {
        source: 's',
        type: 'jobs.a.b',
        timestamp: 't',
        subject: `for-${owner}`,
        seriesId: 'one',
      })
  await vi.waitFor(async () => expect(await dispatchedEvents(sites.db)).toHaveLength(2 * EVENTS), { timeout: 20_000 })
})
afterAll(async () => {
  await sites.stop()
  await receiver.close()
})

async function ask(method: string, path: string, headers: CallerHeaders, body?: object) {
  const text = body === undefined ? undefined : JSON.stringify(body)
  return sendExactRequest(sites.url, method, path, rawHeadersOf(sites.url, headers, text), text)
}

async function cursorOf(path: string, headers: CallerHeaders): Promise<string> {
  const { status, envelope } = await ask('GET', path, headers)
  const { cursor } = envelope.result as { cursor: string | null }
  expect([status, cursor]).toEqual([200, expect.stringMatching(/^[A-Za-z0-9_-]{100,}$/)])
  return cursor ?? ''
}

const withCursor = (path: string, cursor: string) => `${path}${path.includes('?') ? '&' : '?'}cursor=${cursor}`

async function statusOf(path: string, cursor: string, headers: CallerHeaders) {
  const { status, envelope } = await ask('GET', withCursor(path, cursor), headers)
  return status === 200 ? 200 : [status, envelope.message.split(' ')[0]]
}

const REJECTED = [400, 'NTFAPI_SIGHT_PARAM_ERR']
/** With more than one page for bob. */
const LISTS = [
  '/events?limit=1',
  '/events?limit=1&subject=for-bob',
  '/series?limit=1&source=s&subject=for-bob&seriesId=one',
  '/notifications?limit=1',
  '/subscriptions/byName/of-bob/deliveries?limit=1',
  '/targets?limit=1',
]

test.each(LISTS)('a cursor of %s serves the caller that it was made for, and nobody else', async (path) => {
  const { user, service } = callersOf(sites)
  const cursor = await cursorOf(path, user('bob', 'ta'))
  expect(await statusOf(path, cursor, user('bob', 'ta'))).toBe(200)
  expect(await statusOf(path.replace('limit=1', 'limit=2'), cursor, user('bob', 'ta'))).toBe(200)
  const of = (query: string) => `${path}&${query}`
  for (const [other, caller] of [
    [path, user('alice', 'ta')],
    [of('ownedBy=bob'), user('alice', 'ta')],
    [of('ownedBy=bob'), service('ta', 'bob')],
    [of('ownedBy=bob'), service('ta', 'carol')],
    [path, user('bob', 'tb')],
    [of('tenant=ta&ownedBy=bob'), user('olga', 'tb')],
  ] as const) {
    const answer = await statusOf(other, cursor, caller)
    // A name that the caller's owner does not have is not found before the cursor is looked at.
    expect(path.includes('deliveries') && answer !== 200 && answer[0] === 404 ? REJECTED : answer).toEqual(REJECTED)
  }
})

test('a cursor serves only the list and the parameters that it was made for', async () => {
  const bob = callersOf(sites).user('bob', 'ta')
  for (const path of LISTS) {
    const cursor = await cursorOf(path, bob)
    for (const other of LISTS.filter((one) => one !== path))
      expect(await statusOf(other, cursor, bob)).toEqual(REJECTED)
  }
  const cursor = await cursorOf('/notifications?limit=1', bob)
  for (const filter of ['state=waiting', 'state=delivered', 'from=2020-01-01T00:00:00Z', 'reason=dns'])
    expect(await statusOf(`/notifications?limit=1&${filter}`, cursor, bob)).toEqual(REJECTED)
})

test('a cursor that was made up or changed is rejected', async () => {
  const bob = callersOf(sites).user('bob', 'ta')
  const cursor = await cursorOf('/notifications?limit=1', bob)
  const bytes = Buffer.from(cursor, 'base64url')
  const changed = [0, 12, 40, bytes.length - 1].map((place) => {
    const copy = Buffer.from(bytes)
    copy.writeUInt8(copy.readUInt8(place) ^ 4, place)
    return copy.toString('base64url')
  })
  const madeUp = ['x', 'A'.repeat(100), Buffer.from('["sorted",1,1]'.padEnd(90)).toString('base64url')]
  for (const text of [...changed, ...madeUp, cursor.slice(0, -2), `${cursor}AA`])
    expect(await statusOf('/notifications?limit=1', text, bob)).toEqual(REJECTED)
})

test('who has nothing gets no cursor, whatever others have', async () => {
  const { user } = callersOf(sites)
  for (const path of LISTS.filter((one) => !one.includes('deliveries')))
    for (const caller of [user('dave', 'ta'), user('bob', 'tb')]) {
      const { envelope } = await ask('GET', path, caller)
      const { cursor, events, notifications, targets } = envelope.result as Record<string, unknown>
      expect([path, cursor, events ?? notifications ?? targets]).toEqual([path, null, []])
    }
})

test('a page that one process has begun goes on at another one of the installation, and at no other', async () => {
  const [other, alien] = [createSightLooks({ db: sites.db }), await alienLooks()]
  const asked = { list: 'getEvents', scope: SCOPE, filter: {} }
  const ask = async (looks: SightLooks, cursor?: string) =>
    looks.page(
      { caller: CALLER, query: parseQuery(cursor === undefined ? '/' : `/?cursor=${cursor}`) },
      asked,
      (_db, after) => Promise.resolve({ rows: [after], next: ['place', 7] }),
    )
  const { cursor } = await ask(createSightLooks({ db: sites.db }))
  expect((await ask(other, cursor ?? '')).page.rows).toEqual([['place', 7]])
  await expect(ask(alien, cursor ?? '')).rejects.toMatchObject({ code: 'NTFAPI_SIGHT_PARAM_ERR' })
})

const SCOPE = { tenant: 'ta', owner: 'bob', reader: 'bob', withData: true }
const CALLER: Caller = {
  jwtTenant: 'ta',
  jwtUser: 'bob',
  oboTenant: 'ta',
  oboUser: 'bob',
  isService: false,
  mayActFor: () => false,
}

/** Of an installation of its own. */
async function alienLooks(): Promise<SightLooks> {
  const db = await createTestDatabase({ options: 'template template0' })
  alien = db
  return createSightLooks({ db })
}
let alien: Awaited<ReturnType<typeof createTestDatabase>> | undefined
afterAll(() => alien?.drop())
